import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type System, startSystem, TEST_JWT_SECRET, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltImage, buildImage } from './image-build.ts';
import { ROOT } from './repository-root.ts';

const run = promisify(execFile);

const SERVICES = ['call-service', 'socket-gateway', 'notifier'] as const;
/** And what they say. */
const OTHER_COMMANDS: Readonly<Record<(typeof SERVICES)[number], readonly (readonly [string, string])[]>> = {
  'call-service': [['node src/migrate.ts', 'The database is up to date.\n']],
  'socket-gateway': [],
  notifier: [],
};
const MAX_MEGABYTES = 90;

let system: System;

beforeAll(async () => {
  system = await startSystem({ gateways: 0 });
});
afterAll(() => system[Symbol.asyncDispose]());

/** As the image runs it: its account, where this test may choose one, and nothing of our own environment. */
const startedAs = ({ user, env, workdir, nodeFolder }: BuiltImage, port: number) => ({
  cwd: workdir,
  ...(process.getuid?.() === 0 ? user : {}),
  env: {
    ...env,
    PATH: `${nodeFolder}:/usr/bin:/bin`,
    PORT: String(port),
    DATABASE_URL: system.database.url,
    REDIS_URL: system.redisUrl,
    REDIS_PREFIX: 'test-image',
    CALL_SERVICE_URLS: system.callServices[0]?.url,
    INTERNAL_TOKEN: system.internalToken,
    JWT_SECRET: TEST_JWT_SECRET,
    DRAIN_SECONDS: '0',
    STOP_NOTICE_SECONDS: '0',
  },
});

const statusOf = async (url: string): Promise<number> => (await fetch(url).catch(() => null))?.status ?? 0;

const megabytesOf = async (folder: string): Promise<number> => Number((await run('du', ['-sm', folder])).stdout.split('\t')[0]);

describe.each(SERVICES)('the image of %s', (service) => {
  let image: BuiltImage;
  beforeAll(async () => {
    image = await buildImage(service);
    await run('chmod', ['-R', 'a-w', image.root]);
  });
  afterAll(async () => {
    await run('chmod', ['-R', 'u+w', image.root]);
    await image[Symbol.asyncDispose]();
  });

  it('starts by its own command as nobody, with nothing that it may write to, and is live, ready, healthy, and gone when told', {
    timeout: 90_000,
  }, async () => {
    expect(image.user.uid).toBeGreaterThan(0);
    const port = await freePort();
    const options = startedAs(image, port);
    const [program = '', ...args] = image.command;
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
    const gone = once(child, 'exit');
    try {
      await until(
        'it is ready',
        async () => child.exitCode !== null || (await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200,
        60_000,
      );
      expect(await statusOf(`http://127.0.0.1:${port}/livez`)).toBe(200);
      const [check = '', ...checkArgs] = image.healthCheck;
      await run(check, checkArgs, options);
      await expect(run(check, checkArgs, startedAs(image, 1))).rejects.toMatchObject({ code: 1 });
      await expect(run('touch', ['a-file'], options)).rejects.toThrow('a-file');
    } finally {
      child.kill('SIGTERM');
    }
    expect(await gone).toEqual([0, null]);
  });

  it.each(OTHER_COMMANDS[service])('does its other work: %s', async (command, says) => {
    const [program = '', ...args] = command.split(' ');
    const { stdout, stderr } = await run(program, args, startedAs(image, 1));
    expect([stdout, stderr]).toEqual([says, '']);
  });

  it('holds this service, what it needs, and no more', async () => {
    expect(await readdir(join(image.root, 'app/services'))).toEqual([service]);
    expect((await readdir(join(image.root, 'app/packages'))).sort()).toEqual(['bus', 'contract', 'service-kit']);
    const { stdout } = await run('find', [join(image.root, 'app/packages'), join(image.root, 'app/services'), '-name', '*.test.ts']);
    expect(stdout).toBe('');
    expect(await megabytesOf(image.root)).toBeLessThan(MAX_MEGABYTES);
  });
});

it('the image is built by the pnpm that this workspace names', () => {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { packageManager: string };
  expect(readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8')).toContain(`npx --yes ${packageManager} install`);
});
