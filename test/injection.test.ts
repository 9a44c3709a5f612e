import { randomUUID } from 'node:crypto';
import { createRestClient, mintToken, type RestClient, type System } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendOf, join, openRoom, say, startChatSystem } from './chat-room.ts';

let system: System;

beforeAll(async () => {
  system = await startChatSystem({ gateways: 1, settings: { WEB_PUSH_ALLOW_INSECURE: '1' } });
});
afterAll(() => system[Symbol.asyncDispose]());

/** Text that some reader takes for more than text. `true`: it can be stored as it is. */
const TEXTS: Readonly<Record<string, readonly [string, boolean]>> = {
  SQL: ["'; DROP TABLE calls; --", true],
  'SQL with a comment': ['" OR 1=1 /*', true],
  'a backslash': ['\\', true],
  'a dollar quote': ['$1 $$ $tag$', true],
  'line ends': ['a\r\nSet-Cookie: b=c\r\n\r\n', true],
  NUL: ['a\0b', false],
  'NUL, escaped twice': ['a\\u0000b', true],
  'half of a character': ['a\ud83d', false],
  'the other half': ['\udc4db', false],
  'halves in the wrong order': ['\udc4d\ud83d', false],
  'emoji of several': ['👩‍👩‍👧‍👦🎉', true],
  'right to left': ['\u202ecba\u2066', true],
  'no character': ['\uffff\ufffe\ufeff', true],
  HTML: ['<img src=x onerror=alert(1)>', true],
  'a template': ['#{7*7}{{7*7}}%s%n', true],
  'a path': ['../../../../etc/passwd', true],
  'a pattern': ['(a+)+$%_', true],
  'a prototype': ['__proto__', true],
  'a constructor': ['constructor', true],
};

const EACH = Object.entries(TEXTS).map(([name, [text, storable]]) => ({ name, text, storable }));

/** Not text at all where text belongs. */
const VALUES: readonly string[] = [
  '7',
  '1e400',
  '-0',
  'true',
  '[]',
  '{}',
  '[[["a"]]]',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"toString":"a"}',
  '{"length":1e9}',
];

const SUBSCRIPTION = {
  endpoint: 'https://push.example/a',
  keys: {
    p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
    auth: 'tBHItJI5svbpez7KI4CCXg',
  },
  deviceId: 'device',
  locale: 'en',
};

/** Every door that takes JSON, with a body of which each text and each key is replaced in turn. */
const DOORS: readonly (readonly [string, 'user' | 'server', object])[] = [
  ['POST /api/v1/calls/initiate', 'user', { calleeId: 'ben', channelId: 'channel', callId: 'call-1', callType: 'AUDIO' }],
  ['POST /api/v1/calls/CALL/reject', 'user', { reason: 'no' }],
  ['POST /api/v1/calls/CALL/cancel', 'user', { reason: 'no' }],
  ['POST /api/v1/calls/CALL/end', 'user', { durationSeconds: 1 }],
  ['PATCH /api/v1/calls/CALL/status', 'user', { status: 'ENDED' }],
  ['POST /api/v1/users/status', 'user', { userIds: ['ben'] }],
  ['POST /v1/chat', 'server', { order_id: 'order', user_id: 'ann', shopper_id: 'ben', initial_message: 'Hello!' }],
  [
    'POST /v1/chat/CHAT/messages',
    'user',
    {
      content: 'a',
      type: 'text',
      attachment_url: 'https://a.example/',
      attachment_type: 'a',
      metadata: { a: 'a' },
      client_message_id: 'a',
    },
  ],
  ['PUT /v1/chat/CHAT/messages/read', 'user', { message_ids: [randomUUID()] }],
  ['POST /v1/notifications/devices', 'user', { token: 'token', platform: 'android', deviceId: 'a', kind: 'token', locale: 'en' }],
  ['DELETE /v1/notifications/devices', 'user', { token: 'token' }],
  ['POST /v1/notifications/subscribe', 'user', SUBSCRIPTION],
  ['DELETE /v1/notifications/subscribe', 'user', { endpoint: 'https://push.example/a' }],
  ['PUT /v1/notifications/preferences', 'user', { calls: true, quiet_hours: { start: '22:00', end: '07:00', time_zone: 'Asia/Tokyo' } }],
  ['POST /v1/server/events', 'server', { type: 'order_update', userIds: ['ann'], data: { orderId: 'a', update: { status: 'a' } } }],
  [
    'POST /v1/server/events',
    'server',
    { type: 'receipt_shared', userIds: ['ann'], data: { orderId: 'a', receiptUrl: 'https://a.example/' } },
  ],
  ['POST /v1/server/events', 'server', { type: 'custom:a', userIds: ['ann'], data: { a: 'a' } }],
  [
    'POST /v1/server/chats/CHAT/messages',
    'server',
    { senderId: 'bot', senderName: 'Bot', content: 'a', type: 'text', metadata: { a: 'a' } },
  ],
  [
    'POST /v1/server/calls',
    'server',
    { callerId: 'cid', calleeId: 'dan', callerName: 'Cid', callerAvatar: 'a', reason: 'a', channelId: 'channel' },
  ],
  ['POST /v1/server/calls/CALL/accept', 'server', { userId: 'ben', reason: 'a' }],
  ['POST /v1/server/calls/CALL/end', 'server', { userId: 'ben', reason: 'a' }],
  ['POST /v1/server/keys', 'server', { name: 'a' }],
  ['POST /v1/server/webhooks/replay', 'server', { callId: 'a', since: '2026-01-01T00:00:00Z' }],
  ['PUT /v1/server/chats/CHAT/members/cid', 'server', { role: 'admin' }],
  [
    'POST /v1/server/notifications',
    'server',
    { userIds: ['ann'], type: 'custom', template: { title: 'a', body: 'a' }, data: { a: 'a' }, dedupeKey: 'a' },
  ],
];

const PATHS = [
  'GET /api/v1/calls/TEXT',
  'POST /api/v1/calls/TEXT/accept',
  'GET /api/v1/calls/history?cursor=TEXT&limit=TEXT',
  'GET /api/v1/users/TEXT/status',
  'PUT /api/v1/users/me/blocks/TEXT',
  'DELETE /api/v1/users/me/blocks/TEXT',
  'GET /v1/chat/TEXT',
  'GET /v1/chat/CHAT/messages?before=TEXT',
  'GET /v1/chat/CHAT/messages?page=TEXT&limit=TEXT',
  'GET /v1/chat/my-chats?page=TEXT&status=TEXT',
  'GET /v1/chat/search?q=aTEXT',
  'GET /v1/chat/search?q=TEXT&chat_id=TEXT',
  'GET /v1/notifications/history?cursor=TEXT&page=TEXT',
] as const;

const SERVER_PATHS = [
  'GET /v1/server/calls/TEXT/trace',
  'GET /v1/server/stats?minutes=TEXT',
  'GET /v1/server/calls?userId=TEXT',
  'GET /v1/server/calls?cursor=TEXT',
  'GET /v1/server/calls?since=TEXT',
  'GET /v1/server/calls/TEXT',
  'GET /v1/server/users/TEXT',
  'POST /v1/server/users/TEXT/disconnect',
  'GET /v1/server/audit?key=TEXT',
  'GET /v1/server/audit?action=TEXT&callId=TEXT',
  'GET /v1/server/audit?cursor=TEXT',
  'GET /v1/server/audit?until=TEXT',
  'DELETE /v1/server/keys/TEXT',
  'GET /v1/server/notifications/TEXT',
  'DELETE /v1/server/chats/CHAT/members/TEXT',
  'DELETE /v1/server/users/TEXT',
] as const;

type Json = unknown;

/** The body, once for each of its texts and once for each of its keys, with that replaced. */
const spoiled = (body: Json, replace: (json: string) => string, isKey: boolean): string[] => {
  const json = JSON.stringify(body);
  const pattern = isKey ? /"[^"]*"(?=:)/g : /(?<=[:[])(?:"[^"]*"|true|1(?=\}))/g;
  return [...json.matchAll(pattern)].map(({ 0: found, index }) => json.slice(0, index) + replace(found) + json.slice(index + found.length));
};

/** JSON with escapes only, so that halves of characters survive the way. */
const escaped = (text: string): string =>
  JSON.stringify(text).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

interface Scene {
  user: RestClient;
  server: RestClient;
  fill(path: string): string;
}

const openScene = async (): Promise<Scene> => {
  const { chatId, userId } = await openRoom(system);
  const user = await system.rest(userId);
  const caller = await system.rest(`caller-${randomUUID()}`);
  const { body } = await caller.post('/api/v1/calls/initiate', { calleeId: userId });
  return { user, server: backendOf(system), fill: (path) => path.replace('CALL', body.data.id).replace('CHAT', chatId) };
};

const isAbove = (status: number): boolean => status >= 500;

it.each(DOORS)('%s for a %s takes no text for more than text', async (route, who, body) => {
  const scene = await openScene();
  const [method = '', path = ''] = route.split(' ');
  const send = async (json: string): Promise<void> => {
    const { status } = await scene[who].request(method, scene.fill(path), json);
    expect(isAbove(status), `${json} was answered with ${status}`).toBe(false);
  };
  expect(isAbove((await scene[who].request(method, scene.fill(path), body)).status)).toBe(false);
  for (const { text } of EACH) {
    for (const json of [...spoiled(body, () => escaped(text), false), ...spoiled(body, () => escaped(text), true)]) await send(json);
  }
  for (const value of VALUES) for (const json of spoiled(body, () => value, false)) await send(json);
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
});

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

it.each([...PATHS.map((path) => [path, 'user'] as const), ...SERVER_PATHS.map((path) => [path, 'server'] as const)])(
  '%s takes no text for more than text',
  async (route, who) => {
    const scene = await openScene();
    const [method = '', path = ''] = route.split(' ');
    for (const { name, text } of EACH) {
      const { status } = await scene[who].request(method, scene.fill(path).replaceAll('TEXT', encode(text)));
      expect(isAbove(status), name).toBe(false);
    }
  },
);

it.each(EACH.filter(({ text }) => /^[\x20-\x7e]*$/.test(text)))('$name as an Idempotency-Key is text', async ({ text }) => {
  const { user, fill } = await openScene();
  const { status } = await user.post(fill('/api/v1/calls/CALL/reject'), {}, { 'idempotency-key': text });
  expect(status).toBe(200);
});

describe.each(EACH)('$name', ({ text, storable }) => {
  it('is kept in a message as it was sent, or refused', async () => {
    const { chatId, userId, shopperId } = await openRoom(system);
    await using user = await system.otsy(0, userId);
    await join(user, chatId);
    const answer = await say(user, chatId, `a${text}`, { metadata: { [`key ${text}`]: text } });
    if (!storable) return expect(answer).toMatchObject({ ok: false, error: { code: 'parse_error', field: 'content' } });
    expect(answer).toMatchObject({ ok: true, message: { content: `a${text}` } });
    const { body } = await (await system.rest(shopperId)).get(`/v1/chat/${chatId}/messages`);
    expect(body.messages[0]).toMatchObject({ content: `a${text}`, metadata: { [`key ${text}`]: text } });
  });

  it('is told in a name, a channel and a reason as it was given, or in the part that can be', async () => {
    const calleeId = `callee-${randomUUID()}`;
    await using caller = await system.connect(0, `caller-${randomUUID()}`, { name: `a${text}` });
    await using callee = await system.connect(0, calleeId);
    const placed = await caller.ask('call:initiate', { receiverId: calleeId, channelId: `a${text}` });
    if (!storable) {
      expect(placed).toMatchObject({ ok: false, error: { code: 'parse_error' } });
      await caller.ask('call:initiate', { receiverId: calleeId });
    }
    const incoming = await callee.hears('call:incoming');
    if (storable) expect(incoming).toMatchObject({ callerName: `a${text}`, channelId: `a${text}` });
    expect(incoming.callerName.isWellFormed()).toBe(true);
    await callee.ask('call:reject', { callId: incoming.callId, reason: `a${text}` });
    const { reason } = await caller.hears('call:rejected');
    if (storable) expect(reason).toBe(`a${text}`);
    expect(reason.isWellFormed() && !reason.includes('\0')).toBe(true);
  });

  it('as a user is another user, or nobody', async () => {
    const token = await mintToken(`a${text}`);
    const { status } = await createRestClient(system.callServices[0]?.url as string, token).get('/api/v1/calls/history');
    // A JWT is UTF-8, so half of a character has become another one before it gets here.
    if (text.isWellFormed()) expect(status).toBe(storable ? 200 : 401);
    expect(isAbove(status)).toBe(false);
  });
});
