import { createTokenVerifier, DEV_JWT_SECRET } from '@trunkline/service-kit';
import { decodeJwt, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';
import type { Environment } from '../command.ts';

const OTHER_SECRET = 'another-secret-of-at-least-32-characters';

const run = async (args: readonly string[], env: Environment = {}) => {
  const printed: string[] = [];
  const errors: string[] = [];
  const exitCode = await runCli(args, { env, print: (line) => printed.push(line), printError: (line) => errors.push(line) });
  return { exitCode, printed, errors: errors.join('\n') };
};

const verify = (token: string, secret: string) => jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] });

test('prints the token and nothing else, signed with the development secret', async () => {
  const { exitCode, printed, errors } = await run(['token', 'alice']);
  expect([exitCode, errors, printed.length]).toEqual([0, '', 1]);
  const { payload } = await verify(printed[0] as string, DEV_JWT_SECRET);
  expect(payload).toEqual({ sub: 'alice', iat: expect.any(Number), exp: (payload.iat as number) + 86_400 });
});

test('every option becomes its claim, and the services understand them', async () => {
  const options = ['--name', 'Ålice', '--role', 'otomo', '--ttl', '30m', '--device', 'phone 1', '--picture', 'https://example.com/a.png'];
  const { printed } = await run(['token', 'alice', ...options]);
  const identity = await createTokenVerifier({ JWT_SECRET: DEV_JWT_SECRET })(printed[0] as string);
  expect(identity).toMatchObject({
    userId: 'alice',
    name: 'Ålice',
    role: 'otomo',
    deviceId: 'phone 1',
    avatar: 'https://example.com/a.png',
  });
  const { iat, exp } = decodeJwt(printed[0] as string);
  expect((exp as number) - (iat as number)).toBe(1800);
});

test('JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE are those of the environment', async () => {
  const settings = { JWT_SECRET: OTHER_SECRET, JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'calls' };
  const { printed } = await run(['token', 'alice'], { ...settings, NODE_ENV: 'production' });
  await expect(verify(printed[0] as string, DEV_JWT_SECRET)).rejects.toThrow('signature');
  expect(await createTokenVerifier(settings)(printed[0] as string)).toMatchObject({ userId: 'alice' });
});

test('production has no default secret', async () => {
  const { exitCode, printed, errors } = await run(['token', 'alice'], { NODE_ENV: 'production' });
  expect([exitCode, printed]).toEqual([2, []]);
  expect(errors).toContain('JWT_SECRET is not set');
});

test.each([
  { args: [], problem: 'Whose token?' },
  { args: ['alice', 'bob'], problem: 'One user id at a time' },
  { args: ['a'.repeat(129)], problem: 'userId: ' },
  { args: ['alice', '--ttl', 'soon'], problem: 'ttl: "soon" is not a duration' },
  { args: ['alice', '--device', ''], problem: 'device: ' },
  { args: ['alice', '--picture', 'javascript:alert(1)'], problem: 'picture: must be an http' },
  { args: ['alice', '--colour', 'red'], problem: "Unknown option '--colour'" },
])('token $args is refused with the reason and the usage', async ({ args, problem }) => {
  const { exitCode, printed, errors } = await run(['token', ...args]);
  expect([exitCode, printed]).toEqual([2, []]);
  expect(errors).toContain(problem);
  expect(errors).toContain('Usage: trunkline token <userId>');
});

test('a secret that the services would refuse is refused here', async () => {
  expect(await run(['token', 'alice'], { JWT_SECRET: 'short' })).toMatchObject({ exitCode: 2, printed: [] });
});

test('no command and an unknown one show what there is', async () => {
  for (const args of [[], ['fly']]) {
    const { exitCode, errors } = await run(args);
    expect(exitCode).toBe(2);
    expect(errors).toMatch(/Usage: trunkline <command>[\s\S]*dev [\s\S]*token /);
  }
});

test('--help is no error', async () => {
  for (const args of [['--help'], ['token', '--help'], ['dev', '-h']]) {
    const { exitCode, printed } = await run(args);
    expect(exitCode).toBe(0);
    expect(printed.join('\n')).toMatch(/^Usage: trunkline/);
  }
});
