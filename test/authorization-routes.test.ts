import { randomUUID } from 'node:crypto';
import { createRestClient, mintToken, type RestAnswer, type System, startSystem } from '@trunkline/testing';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SERVER_KEY = 'the-server-key-of-tests-only';

let system: System;

interface Registered {
  path: string;
  methods: Readonly<Record<string, boolean>>;
}

/** Every route that call-service makes as it starts: a new one without a line below fails the test. */
const registered: Registered[] = [];

const listenToRouters = (): Disposable => {
  const router = express.Router.prototype as unknown as { route(path: string): Registered };
  const { route } = router;
  router.route = function (path) {
    const made = route.call(this, path);
    registered.push(made);
    return made;
  };
  return {
    [Symbol.dispose]() {
      router.route = route;
    },
  };
};

beforeAll(async () => {
  using _listening = listenToRouters();
  system = await startSystem({ gateways: 1, settings: { SERVER_API_KEYS: SERVER_KEY, LIMIT_MESSAGES_PER_MINUTE: '0' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const ROLES = ['nobody', 'a forged token', 'server', 'internal', 'stranger', 'former member', 'caller', 'callee'] as const;
type Role = (typeof ROLES)[number];

/** Who may come in. `participant`, `member`: of the call or the chat in the path. `user`: everybody for themselves. */
type Door = 'public' | 'user' | 'participant' | 'caller' | 'callee' | 'member' | 'server' | 'user or server' | 'internal';

const OUTSIDE = { nobody: 401, 'a forged token': 401, server: 401, internal: 401, stranger: 403, 'former member': 403 } as const;
const USERS = { stranger: 401, 'former member': 401, caller: 401, callee: 401 } as const;

/** Who is refused, with which status; everybody else is let in, whatever is said of the request then. */
const REFUSED: Readonly<Record<Door, Partial<Record<Role, 401 | 403>>>> = {
  public: {},
  user: { nobody: 401, 'a forged token': 401, server: 401, internal: 401 },
  participant: OUTSIDE,
  member: OUTSIDE,
  caller: { ...OUTSIDE, callee: 403 },
  callee: { ...OUTSIDE, caller: 403 },
  server: { nobody: 401, 'a forged token': 401, internal: 401, ...USERS },
  'user or server': { nobody: 401, 'a forged token': 401, internal: 401 },
  internal: { nobody: 401, 'a forged token': 401, server: 401, ...USERS },
};

/** A request that is good but for who sends it. */
const ROUTES: Readonly<Record<string, Door | readonly [Door, object]>> = {
  'POST /internal/commands': 'internal',
  'POST /internal/chat-commands': 'internal',
  'POST /internal/sessions': 'internal',
  'POST /internal/deliveries': 'internal',
  'POST /internal/lease': 'internal',
  'POST /internal/due': 'internal',
  'POST /internal/pushes/claim': 'internal',
  'POST /internal/pushes/results': 'internal',
  'POST /api/v1/calls/initiate': 'user',
  'GET /api/v1/calls/history': 'user',
  'GET /api/v1/calls/ringing': 'user',
  'GET /api/v1/calls/:callId': 'participant',
  'POST /api/v1/calls/:callId/accept': 'callee',
  'POST /api/v1/calls/:callId/reject': 'callee',
  'POST /api/v1/calls/:callId/cancel': 'caller',
  'POST /api/v1/calls/:callId/end': 'participant',
  'PATCH /api/v1/calls/:callId/status': ['participant', { status: 'ENDED' }],
  'POST /v1/calls/:callId/media': 'participant',
  'GET /api/v1/users/me/blocks': 'user',
  'GET /api/v1/users/me/blocks/:userId': 'user',
  'PUT /api/v1/users/me/blocks/:userId': 'user',
  'DELETE /api/v1/users/me/blocks/:userId': 'user',
  'GET /api/v1/users/:userId/status': 'user',
  'POST /api/v1/users/status': 'user',
  'POST /v1/chat': 'user or server',
  'GET /v1/chat/my-chats': 'user',
  'GET /v1/chat/search': 'user',
  'GET /v1/chat/:chatId': 'member',
  'GET /v1/chat/:chatId/messages': 'member',
  'POST /v1/chat/:chatId/messages': ['member', { content: 'Hello!' }],
  'PUT /v1/chat/:chatId/messages/read': ['member', { message_ids: [randomUUID()] }],
  'POST /v1/chat/:chatId/archive': 'member',
  'POST /v1/notifications/devices': 'user',
  'DELETE /v1/notifications/devices': 'user',
  'POST /v1/notifications/subscribe': 'user',
  'DELETE /v1/notifications/subscribe': 'user',
  'GET /v1/notifications/preferences': 'user',
  'PUT /v1/notifications/preferences': 'user',
  'GET /v1/notifications/history': 'user',
  'GET /v1/notifications/vapid-public-key': 'public',
  'POST /v1/server/events': 'server',
  'GET /v1/server/calls/:callId/trace': 'server',
  'GET /v1/server/stats': 'server',
  'POST /v1/server/chats/:chatId/messages': 'server',
  'PUT /v1/server/chats/:chatId/members/:userId': 'server',
  'DELETE /v1/server/chats/:chatId/members/:userId': 'server',
  'POST /v1/server/notifications': 'server',
  'GET /v1/server/notifications/:id': 'server',
  'GET /v1/server/users/:userId': 'server',
  'DELETE /v1/server/users/:userId': 'server',
  'POST /v1/server/users/:userId/disconnect': 'server',
  'GET /v1/server/calls': 'server',
  'POST /v1/server/calls': 'server',
  'GET /v1/server/calls/:callId': 'server',
  'POST /v1/server/calls/:callId/accept': 'server',
  'POST /v1/server/calls/:callId/reject': 'server',
  'POST /v1/server/calls/:callId/cancel': 'server',
  'POST /v1/server/calls/:callId/end': 'server',
  'GET /v1/server/audit': 'server',
  'GET /v1/server/keys': 'server',
  'POST /v1/server/keys': 'server',
  'DELETE /v1/server/keys/:name': 'server',
  'POST /v1/server/webhooks/replay': 'server',
};

const namesOf = ({ path, methods }: Registered): string[] => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`);

it('every route has a line in the matrix, and every line a route', () => {
  expect([...new Set(registered.flatMap(namesOf))].sort()).toEqual(Object.keys(ROUTES).sort());
});

interface Scene {
  callId: string;
  chatId: string;
  tokens: Readonly<Record<Role, string | null>>;
}

/** A ringing call and a chat of the same two, and whoever else wants in. */
const openScene = async (): Promise<Scene> => {
  const url = system.callServices[0]?.url as string;
  const [callee, caller, former] = [`callee-${randomUUID()}`, `caller-${randomUUID()}`, `former-${randomUUID()}`];
  const { body: placed } = await (await system.rest(caller)).post('/api/v1/calls/initiate', { calleeId: callee });
  const backend = createRestClient(url, SERVER_KEY);
  const { body: chat } = await backend.post('/v1/chat', { order_id: randomUUID(), user_id: callee, shopper_id: caller });
  for (const method of ['PUT', 'DELETE']) await backend.request(method, `/v1/server/chats/${chat.id}/members/${former}`);
  const token = await mintToken(callee);
  return {
    callId: placed.data.id,
    chatId: chat.id,
    tokens: {
      nobody: null,
      'a forged token': `${token.slice(0, -4)}AAAA`,
      server: SERVER_KEY,
      internal: system.internalToken,
      stranger: await mintToken(`stranger-${randomUUID()}`),
      'former member': await mintToken(former),
      caller: await mintToken(caller),
      callee: token,
    },
  };
};

const stateOf = async ({ callId, chatId }: Scene) =>
  JSON.stringify([
    await system.database.query('SELECT * FROM calls WHERE id = $1', [callId]),
    await system.database.query('SELECT * FROM chats WHERE id = $1', [chatId]),
    await system.database.query('SELECT * FROM chat_members WHERE chat_id = $1 ORDER BY user_id', [chatId]),
    await system.database.query('SELECT * FROM messages WHERE chat_id = $1', [chatId]),
  ]);

const ask = (
  route: string,
  body: object | undefined,
  { callId, chatId }: { callId: string; chatId: string },
  token: string | null,
): Promise<RestAnswer> => {
  const [method = '', path = ''] = route.split(' ');
  const filled = path
    .replace(':callId', callId)
    .replace(':chatId', chatId)
    .replace(':userId', 'somebody')
    .replace(':id', randomUUID())
    .replace(':name', 'nobody');
  return createRestClient(system.callServices[0]?.url as string, token).request(
    method,
    filled,
    method === 'GET' ? undefined : (body ?? {}),
  );
};

describe.each(Object.entries(ROUTES))('%s', (route, line) => {
  const [door, body] = typeof line === 'string' ? [line, undefined] : line;

  it('lets in whom it should, and what it refuses changes nothing', async () => {
    const scene = await openScene();
    const before = await stateOf(scene);
    const refused = ROLES.filter((role) => REFUSED[door][role] !== undefined);
    const statuses: Record<string, number> = {};
    for (const role of refused) statuses[role] = (await ask(route, body, scene, scene.tokens[role])).status;
    expect(statuses).toEqual(REFUSED[door]);
    expect(await stateOf(scene)).toBe(before);
    for (const role of ROLES.filter((role) => !refused.includes(role))) {
      const { status } = await ask(route, body, scene, scene.tokens[role]);
      expect([401, 403, 500], `${role} got ${status}`).not.toContain(status);
    }
  });

  if (!/:(callId|chatId)/.test(route) || route.includes('/server/')) return;

  it('tells a stranger the same, byte for byte, of everything that there is, and of everything that there is not', async () => {
    const [one, other] = [await openScene(), await openScene()];
    await createRestClient(system.callServices[0]?.url as string, other.tokens.callee).post(`/api/v1/calls/${other.callId}/reject`);
    const stranger = one.tokens.stranger;
    const textOf = async (scene: { callId: string; chatId: string }): Promise<string> => {
      const { status, text, headers } = await ask(route, body, scene, stranger);
      const shown = [...headers].filter(([name]) => name !== 'date');
      return JSON.stringify([status, text, shown]).replaceAll(scene.callId, 'ID').replaceAll(scene.chatId, 'ID');
    };
    expect(await textOf(one)).toBe(await textOf(other));
    const missing = () => ({ callId: randomUUID(), chatId: randomUUID() });
    expect(await textOf(missing())).toBe(await textOf(missing()));
  });
});
