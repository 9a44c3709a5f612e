import { createTokenVerifier, DEV_JWT_SECRET, DEV_SERVER_KEY, startHttpServer } from '@trunkline/service-kit';
import { expect, test } from 'vitest';
import type { Environment } from '../command.ts';
import { createDevDoor } from './dev-door.ts';
import { startFrontDoor } from './front-door.ts';

const DEV: Environment = { JWT_SECRET: DEV_JWT_SECRET, SERVER_API_KEYS: DEV_SERVER_KEY };
const JSON_TYPE = { 'content-type': 'application/json' };

/** A front door before a service that has nothing. */
const openDoor = async (env: Environment) => {
  await using parts = new AsyncDisposableStack();
  const service = parts.use(await startHttpServer((_request, response) => void response.writeHead(404).end('of the service'), { port: 0 }));
  const port = Number(new URL(service.url).port);
  const { url } = parts.use(await startFrontDoor({ port: 0, gateways: [], callServices: [port] }, createDevDoor(env)));
  const moved = parts.move();
  const ask = (body: string, headers: Record<string, string> = JSON_TYPE) => fetch(`${url}/dev/tokens`, { method: 'POST', headers, body });
  return { url, ask, [Symbol.asyncDispose]: () => moved.disposeAsync() };
};

test('in development, the front door signs phones in, and knows the key of the server', async () => {
  await using door = await openDoor(DEV);
  expect(await (await fetch(`${door.url}/dev/console`)).json()).toEqual({ serverKey: DEV_SERVER_KEY });
  const { token } = (await (await door.ask('{"userId":"ann","name":"Ann","deviceId":"d1"}')).json()) as { token: string };
  const verified = await createTokenVerifier({ JWT_SECRET: DEV_JWT_SECRET })(token);
  expect(verified).toMatchObject({ userId: 'ann', name: 'Ann', deviceId: 'd1' });
});

test.each([
  ['a secret of your own', { JWT_SECRET: 'a-secret-of-our-own-that-nobody-else-knows', SERVER_API_KEYS: DEV_SERVER_KEY }],
  ['keys of an issuer', { JWT_JWKS_URL: 'https://issuer.example/keys', SERVER_API_KEYS: DEV_SERVER_KEY }],
])('with %s, it signs nobody in and tells no key: the services are asked', async (_name, env) => {
  await using door = await openDoor(env);
  expect(await (await door.ask('{"userId":"ann"}')).text()).toBe('of the service');
  expect(await (await fetch(`${door.url}/dev/console`)).text()).toBe('of the service');
});

test('a server key of your own is told to nobody', async () => {
  await using door = await openDoor({ ...DEV, SERVER_API_KEYS: 'a-key-of-our-own' });
  expect(await (await fetch(`${door.url}/dev/console`)).json()).toEqual({ serverKey: null });
});

test('what is no request for a token is refused, and what a page elsewhere could send is not taken', async () => {
  await using door = await openDoor(DEV);
  for (const body of ['', '{', '{}', '{"userId":""}', `{"userId":"${'x'.repeat(5000)}"}`]) expect((await door.ask(body)).status).toBe(400);
  expect(await (await door.ask('{"userId":"ann"}', { 'content-type': 'text/plain' })).text()).toBe('of the service');
});
