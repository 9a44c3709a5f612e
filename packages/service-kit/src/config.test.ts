import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, integer, loadConfig, type Rule, readSettings, tokenSettings } from './config.ts';

const Settings = z.object({
  NAME: z.string(),
  LEAST: integer(0, 100).default(0),
  MOST: integer(0, 100).default(100),
  TAGS: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().min(2, 'is too short')))
    .default([]),
  TAG_COLOUR: z.string().min(3, 'is too short').optional(),
});

const inOrder: Rule<{ LEAST: number; MOST: number }> = {
  judge: ({ LEAST, MOST }, context) => {
    if (LEAST > MOST) context.addIssue({ code: 'custom', path: ['LEAST'], message: 'is above MOST' });
  },
};

const noColourAlone: Rule<{ TAGS: readonly string[]; TAG_COLOUR?: string | undefined }> = {
  judgeGiven: ({ TAGS, TAG_COLOUR }, context) => {
    if (TAGS === undefined && TAG_COLOUR !== undefined)
      context.addIssue({ code: 'custom', path: ['TAG_COLOUR'], message: 'goes with TAGS' });
  },
};

const problemsWith = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(Settings, env, [inOrder, noColourAlone]);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

it('is frozen, without what was not set', () => {
  const config = loadConfig(Settings, { NAME: 'a', LEAST: '', ELSE: 'x' }, [inOrder]);
  expect(config).toStrictEqual({ NAME: 'a', LEAST: 0, MOST: 100, TAGS: [] });
  expect(Object.isFrozen(config)).toBe(true);
});

it('names what is wrong by itself and what is wrong together, at once', () => {
  expect(problemsWith({ LEAST: '9', MOST: '3', TAG_COLOUR: 'red' })).toEqual([
    'NAME: Invalid input: expected string, received undefined',
    'LEAST: is above MOST',
    'TAG_COLOUR: goes with TAGS',
  ]);
});

it.each([
  [{ LEAST: '101', MOST: '3' }, ['LEAST: must be at most 100']],
  [{ LEAST: '9', MOST: 'x' }, ['MOST: must be a whole number']],
  [{ TAGS: 'a', TAG_COLOUR: 'red' }, ['TAGS: is too short']],
])('a rule does not complain about %j, of which one is wrong by itself', (env, problems) => {
  expect(problemsWith({ NAME: 'a', ...env })).toEqual(problems);
});

it('names what is missing beside a setting, also where that one is wrong by itself', () => {
  expect(problemsWith({ NAME: 'a', TAGS: '', TAG_COLOUR: 'x' })).toEqual(['TAG_COLOUR: is too short', 'TAG_COLOUR: goes with TAGS']);
});

it.each(['JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'JWT_ISSUER', 'JWT_AUDIENCE'] as const)(
  '%s is not taken with a blank at either end, where a file has its line break, and is with one inside',
  (name) => {
    const read = (text: string) => readSettings(z.object({ [name]: tokenSettings[name] }), { [name]: text });
    const text = 'what is the same at both ends of a wire';
    const problems = [{ name, says: 'must not begin or end with a blank or a line break' }];
    expect(read(text)).toEqual({ config: { [name]: text } });
    expect([`${text}\n`, `${text}\r\n`, `${text} `, ` ${text}`, `\n${text}`].map(read)).toEqual(Array(5).fill({ problems }));
  },
);

describe('ALLOWED_ORIGINS', () => {
  const read = (text: string) => readSettings(z.object({ ALLOWED_ORIGINS: tokenSettings.ALLOWED_ORIGINS }), { ALLOWED_ORIGINS: text });

  it.each([
    'https://app.example',
    'http://localhost:5173',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
    'https://xn--bcher-kva.example',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'app://obsidian.md',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://0b1a2c3d-0000-4000-8000-0123456789ab',
  ])('takes %s', (origin) => {
    expect(read(`https://other.example, ${origin}`)).toEqual({ config: { ALLOWED_ORIGINS: ['https://other.example', origin] } });
  });

  it.each([
    ['https://app.example/', 'https://app.example'],
    ['https://app.example/path', 'https://app.example'],
    ['https://APP.example', 'https://app.example'],
    ['HTTPS://app.example', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['http://localhost:80', 'http://localhost'],
    ['https://user:secret@app.example?token=secret#secret', 'https://app.example'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['*'],
    ['https://*.app.example'],
    ['foo'],
    ['app.example'],
    ['localhost:5173'],
    ['null'],
    ['file://'],
    ['wss://app.example'],
    ['blob:https://app.example'],
    ['data:text/html'],
    ['capacitor://localhost/'],
    ['Capacitor://localhost'],
    ['capacitor://LOCALHOST'],
    ['capacitor://user:secret@localhost'],
    ['https://a.example https://b.example'],
  ])('does not take %s, which no browser sends, and says which one it was', (item, such = 'https://app.example') => {
    const says = `item 2 must be an origin as browsers send it, such as ${such}`;
    expect(read(`https://other.example,${item}`)).toEqual({ problems: [{ name: 'ALLOWED_ORIGINS', says }] });
  });
});
