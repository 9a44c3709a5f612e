import { expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, integer, loadConfig, type Rule } from './config.ts';

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
