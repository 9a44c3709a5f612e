import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { mintToken, type System, startSystem, TEST_JWT_SECRET } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const EXAMPLES = join(ROOT, 'examples');
/** Chats have an example, and a test, of their own. */
const ABOUT_CALLS = readdirSync(EXAMPLES).filter((name) => name !== 'otsy');

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

/** Runs an example as a person does who starts it beside dev, but for the front door and the secret that signs its tokens. */
const run = async (example: string, settings: Readonly<Record<string, string>> = {}) => {
  const env = {
    TRUNKLINE_URL: system.gateways[0]?.url,
    TRUNKLINE_REST_URL: system.callServices[0]?.url,
    JWT_SECRET: TEST_JWT_SECRET,
    ...settings,
  };
  const child = spawn(process.execPath, ['two-calls.mjs'], {
    cwd: join(EXAMPLES, example),
    env,
    timeout: 25_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, complained, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode, said, complained };
};

describe.each(ABOUT_CALLS)('the example for %s', (example) => {
  it('goes through two calls, hears everything, and says so', async () => {
    const { exitCode, said, complained } = await run(example);
    expect([exitCode, complained]).toEqual([0, '']);
    expect(said).toMatch(/Everything was heard\.\n$/);
  });

  it('fails with the reason where nothing answers', async () => {
    const { exitCode, complained } = await run(example, { TRUNKLINE_URL: 'http://127.0.0.1:1' });
    expect([exitCode, complained]).toEqual([1, expect.stringMatching(/^(alice|bob) cannot connect to http:\/\/127\.0\.0\.1:1/)]);
  });
});

describe.concurrent('an example whose callee is somebody else', () => {
  it.each(ABOUT_CALLS)('fails with what was not heard: %s', async (example) => {
    const [ALICE, BOB] = await Promise.all([mintToken(`alice-${example}`), mintToken(`eve-${example}`)]);
    const { exitCode, complained } = await run(example, { ALICE, BOB });
    expect([exitCode, complained]).toEqual([
      1,
      expect.stringMatching(/^bob did not hear call.(incoming|invitation|request) in 10 seconds\n$/),
    ]);
  });
});
