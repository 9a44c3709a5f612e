import { randomUUID } from 'node:crypto';
import {
  connectOnlyCare,
  createRestClient,
  mintToken,
  type System,
  startSystem,
  startWebhookReceiver,
  TEST_WEBHOOK_SECRET,
  until,
} from '@trunkline/testing';
import { expect, it } from 'vitest';

const KEY = 'the-server-key-of-tests-only';

const DISCONNECTED = { code: 4500, reason: 'disconnected', reconnect: false };

/** A socket of one user on every transport of every gateway; each resolves with why it was closed. */
const connectEverywhere = async (system: System, userId: string, open: AsyncDisposableStack): Promise<Promise<unknown>[]> => {
  const closings: Promise<unknown>[] = [];
  for (const [index, { url }] of system.gateways.entries()) {
    const polling = open.use(await connectOnlyCare(url, await mintToken(userId), { transports: ['polling'] }));
    const onlycare = open.use(await system.connect(index, userId));
    const otsy = open.use(await system.otsy(index, userId));
    for (const client of [polling, onlycare, otsy]) {
      const left = new Promise((resolve) => client.socket.once('disconnect', resolve));
      closings.push(Promise.all([client.hears('connection:closing'), left]).then(([closing]) => closing));
    }
    for (const path of ['/ws/chat', '/ws/otomo'] as const) {
      const raw = open.use(await system.connectRaw(index, path, userId));
      closings.push(raw.closed.then(({ code, reason }) => ({ code, reason, reconnect: false })));
    }
  }
  return closings;
};

it('closes all of a user’s sockets, on both gateways and every transport, and nobody else’s', async () => {
  await using system = await startSystem({ callServices: 2, settings: { SERVER_API_KEYS: KEY, GATEWAY_LEASE_SECONDS: '300' } });
  await using open = new AsyncDisposableStack();
  const ann = `ann-${randomUUID()}`;
  // Leases are renewed too seldom to be what closes them.
  const closings = await connectEverywhere(system, ann, open);
  const bystander = open.use(await system.connectRaw(0, '/ws/chat', 'bob'));
  const server = createRestClient(system.callServices[1]?.url as string, KEY);
  const sessionsOf = async (userId: string) => (await server.get(`/v1/server/users/${userId}`)).body.sessions;
  await until('all sessions are registered', async () => (await sessionsOf(ann)).length === 10);

  const asked = await server.post(`/v1/server/users/${ann}/disconnect`);
  expect([asked.status, asked.body]).toEqual([202, { userId: ann, sessions: 10 }]);
  expect(await Promise.all(closings)).toEqual(Array.from({ length: 10 }, () => DISCONNECTED));
  expect(bystander.isOpen).toBe(true);
  await until('they are over in the register too', async () => (await sessionsOf(ann)).length === 0);
  expect((await server.get(`/v1/server/audit?userId=${ann}`)).body.items).toMatchObject([
    { key: 'environment-1', action: 'disconnect_user', detail: { sessions: 10 } },
  ]);

  // A token that is still good lets its holder in again, and what was asked before does not close that.
  const back = open.use(await system.connectRaw(0, '/ws/chat', ann));
  await until('it is registered', async () => (await sessionsOf(ann)).length === 1);
  expect(back.isOpen).toBe(true);
});

it('a gateway that did not hear of it learns it with its next lease', async () => {
  await using system = await startSystem({ settings: { SERVER_API_KEYS: KEY, GATEWAY_LEASE_SECONDS: '3' } });
  await using open = new AsyncDisposableStack();
  const client = open.use(await system.connectRaw(1, '/ws/otomo', 'ann'));
  const other = open.use(await system.connectRaw(1, '/ws/otomo', 'bob'));
  // As it is when Redis lost the notice: only the register knows.
  await until('it is registered', async () => {
    const marked = await system.database.query(
      "UPDATE sessions SET disconnected_at = now() WHERE user_id = 'ann' AND closed_at IS NULL RETURNING 1",
    );
    return marked.length === 1;
  });
  expect(await client.closed).toEqual({ code: 4500, reason: 'disconnected' });
  expect(other.isOpen).toBe(true);
});

it('an erasure closes a person’s sockets too, and is complete once they are closed', async () => {
  await using receiver = await startWebhookReceiver();
  const webhooks = { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET };
  await using system = await startSystem({
    callServices: 2,
    settings: { SERVER_API_KEYS: KEY, GATEWAY_LEASE_SECONDS: '300', ...webhooks },
  });
  await using open = new AsyncDisposableStack();
  const ann = `ann-${randomUUID()}`;
  const closings = await connectEverywhere(system, ann, open);
  const server = createRestClient(system.callServices[1]?.url as string, KEY);
  const userOf = async () => (await server.get(`/v1/server/users/${ann}`)).body;
  await until('all sessions are registered', async () => (await userOf()).sessions.length === 10);

  const erase = async () => (await server.request('DELETE', `/v1/server/users/${ann}`)).body;
  await until('it is complete', async () => (await erase()).complete);
  expect(await Promise.all(closings)).toEqual(Array.from({ length: 10 }, () => DISCONNECTED));
  await receiver.receives('that they are gone', ({ type }) => type === 'user.offline');
  expect(receiver.received.map(({ type }) => type)).toEqual(['user.online', 'user.offline']);
  expect(await userOf()).toMatchObject({ online: false, sessions: [], lastSeenAt: null });
});
