import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { runInNewContext } from 'node:vm';
import { mintToken, type System, startSystem } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVENTS } from './client-phones.ts';
import { ROOT } from './repository-root.ts';

const PAGE = readFileSync(join(ROOT, 'docs/client.md'), 'utf8');
const SOURCES = join(ROOT, 'packages/client/src');

/** Each `getToken` that the pages write out. */
const GET_TOKENS = ['client.md', 'push.md'].flatMap((page) =>
  [...readFileSync(join(ROOT, 'docs', page), 'utf8').matchAll(/const getToken = (.*?\n\});/gs)].map(([, source]) => source as string),
);

/** What it makes of that answer of the app's backend. */
const tokenIn = (source: string, status: number, answer: string): Promise<string | null> =>
  runInNewContext(`(${source})`, { Error, fetch: async () => new Response(answer, { status }) })();

let system: System;

beforeAll(async () => {
  system = await startSystem({ gateways: 1 });
});
afterAll(() => system[Symbol.asyncDispose]());

it('the first program of the page does what it says', async () => {
  const [, program = ''] = /```js\n(.*?)```/s.exec(PAGE) ?? [];
  const [ALICE, BOB] = await Promise.all([mintToken('alice', { name: 'Alice' }), mintToken('bob')]);
  const url = system.gateways[0]?.url as string;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program.replace('http://127.0.0.1:4080', url)], {
    cwd: join(ROOT, 'test'),
    env: { ALICE, BOB },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 25_000,
  });
  const [said, complained, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect([exitCode, complained]).toEqual([0, '']);
  const lines = said.trim().split('\n');
  expect(lines).toEqual(expect.arrayContaining(['Alice is calling', 'stop ringing', expect.stringMatching(/^join /)]));
  expect(lines.at(-1)).toMatch(/^ENDED after \d+ s$/);
});

it('every getToken of the pages knows a token from nobody signed in, and from an error page, which is no token', async () => {
  expect(GET_TOKENS).toHaveLength(3);
  for (const source of GET_TOKENS) {
    expect([await tokenIn(source, 200, 'a token'), await tokenIn(source, 401, 'Sign in')]).toEqual(['a token', null]);
    await expect(tokenIn(source, 502, '<html>')).rejects.toThrow('502');
  }
});

it('every event is on the page', () => {
  for (const event of Object.keys(EVENTS)) expect(PAGE).toContain(`| \`${event}\` |`);
});

/** What an exported interface offers, by its name. */
const membersOf = (name: string): string[] => {
  const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const source = sources.map((file) => readFileSync(join(SOURCES, file), 'utf8')).join('\n');
  const body = new RegExp(`^(?:export )?interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?(:]/gm)].map(([, member]) => member as string);
};

it.each([
  ['Client', 10],
  ['CommonCall', 10],
  ['IncomingCall', 7],
  ['OutgoingCall', 2],
  ['ConnectOptions', 10],
  ['PlaceOptions', 5],
  ['Blocks', 4],
  ['PushRegistration', 5],
  ['ChatsApi', 3],
  ['ChatEvents', 11],
] as const)('every member of %s is on the page', (name, atLeast) => {
  const members = membersOf(name);
  expect(members.length).toBeGreaterThanOrEqual(atLeast);
  for (const member of members) expect(PAGE).toMatch(new RegExp(`\`[^\`\n]*\\b${member}\\b[^\`\n]*\``));
});

it('every error of this side of the wire is on the page', () => {
  const source = readFileSync(join(SOURCES, 'trunkline-error.ts'), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code);
  expect(codes).toHaveLength(5);
  for (const code of codes) expect(PAGE).toContain(`| \`${code}\` |`);
});
