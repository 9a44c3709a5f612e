import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

const MODULE = JSON.stringify(new URL('chromium-program.ts', import.meta.url).href);
const ASK = `const { chromiumProgram } = await import(${MODULE});
const lines = [];
const program = await chromiumProgram((line) => lines.push(line));
console.log(JSON.stringify({ program, lines }));`;

/** What is found where these programs alone are on PATH. */
const findAmong = async (programs: readonly string[]): Promise<{ program: string | null; lines: string[] }> => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-path-'));
  try {
    for (const name of programs) await symlink('/bin/sh', join(folder, name));
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', ASK], { env: { PATH: folder } });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
};

it('takes the browser on PATH, by any of its names, without a word', async () => {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    expect(await findAmong(['sh', name])).toEqual({ program: expect.stringMatching(new RegExp(`/${name}$`)), lines: [] });
  }
});

it('says that browser tests are left out where there is no browser and none can be installed', async () => {
  const { program, lines } = await findAmong(['sh']);
  expect(program).toBeNull();
  expect(lines).toEqual([expect.stringMatching(/left out.*Put chromium/)]);
});
