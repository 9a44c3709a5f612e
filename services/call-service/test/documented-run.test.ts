import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import type { RestClient } from '@trunkline/testing';
import { createRestClient, mintToken } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { OPERATIONS } from '../src/documents/operations.ts';
import { BETWEEN, clientOf, openChat, serverOf, startChatService } from './chat-door.ts';
import { createDocumentCheck } from './documented.ts';

const browserKeys = () => ({ p256dh: createECDH('prime256v1').generateKeys('base64url'), auth: randomBytes(16).toString('base64url') });

interface People {
  ann: RestClient;
  bob: RestClient;
  sho: RestClient;
  server: RestClient;
  stranger: RestClient;
  chatId: string;
}

const MEDIA = {
  AGORA_APP_ID: '0123456789abcdef0123456789abcdef',
  AGORA_APP_CERTIFICATE: 'fedcba9876543210fedcba9876543210',
  LIVEKIT_URL: 'wss://livekit.example',
  LIVEKIT_API_KEY: 'the-api-key',
  LIVEKIT_API_SECRET: 'the secret that signs rooms',
  TURN_URLS: 'stun:stun.example,turn:turn.example:3478',
  TURN_SECRET: 'the secret of the TURN servers',
};

const CALLS = '/api/v1/calls';
const PUSH = '/v1/notifications';
const SERVER = '/v1/server';
const NOBODY = '/api/v1/calls/no-such-call';
const CHAT_OF_NOBODY = '/v1/chat/0197a000-0000-7000-8000-000000000000';

const placeCall = async ({ ann }: People): Promise<string> =>
  (await ann.post(`${CALLS}/initiate`, { calleeId: 'bob', callType: 'VIDEO' })).body.data.id;

/** What is asked for the sake of each part of the document: at least once as it should be, and wrongly in every way. */
const RUN: Readonly<Record<string, (people: People) => Promise<unknown>>> = {
  'a call that is answered': async (people) => {
    const { ann, bob } = people;
    const path = `${CALLS}/${await placeCall(people)}`;
    await bob.get(`${CALLS}/ringing`);
    await bob.post(`${path}/accept`);
    await ann.request('PATCH', `${path}/status`, { status: 'ACTIVE' });
    const media = path.replace('/api', '');
    for (const client of [ann, bob, people.stranger]) await client.post(`${media}/media`);
    await ann.get(path);
    await ann.post(`${path}/end`, { durationSeconds: 3 });
  },
  'calls that are not': async (people) => {
    const { ann, bob, server } = people;
    const rejected = await placeCall(people);
    await bob.post(`${CALLS}/${rejected}/reject`, { reason: 'busy' });
    await server.get(`${SERVER}/calls/${rejected}/trace`);
    await ann.post(`${CALLS}/${await placeCall(people)}/cancel`, { reason: 'changed my mind' }, { 'idempotency-key': 'one' });
    await ann.get(`${CALLS}/history?limit=1`);
    await bob.get(`${CALLS}/history`);
    await server.get(`${SERVER}/stats?minutes=5`);
    for (const query of ['', '?after=0', `?after=0&callId=${rejected}`, '?after=0&userId=bob', '?after=x'])
      await server.get(`${SERVER}/steps${query}`);
  },
  'calls, wrongly': async (people) => {
    const { ann, bob, stranger, server } = people;
    const path = `${CALLS}/${await placeCall(people)}`;
    await ann.post(`${CALLS}/initiate`, { calleeId: 'sho' });
    await ann.post(`${CALLS}/initiate`, {});
    await ann.post(`${path}/accept`);
    await stranger.get(path);
    await stranger.post(`${path}/end`);
    await ann.get(NOBODY);
    await ann.post(`${NOBODY}/cancel`);
    await ann.post(`${path}/cancel`, {}, { 'idempotency-key': '' });
    await ann.get(`${CALLS}/history?limit=0`);
    await ann.get(`${SERVER}/stats`);
    await server.get(`${SERVER}/stats?minutes=none`);
    await server.get(`${SERVER}/calls/no-such-call/trace`);
    await bob.post(`${path}/reject`);
  },
  users: async ({ ann }) => {
    const blocks = '/api/v1/users/me/blocks';
    await ann.request('PUT', `${blocks}/eve`);
    await ann.get(blocks);
    await ann.get(`${blocks}/eve`);
    await ann.request('DELETE', `${blocks}/eve`);
    await ann.request('PUT', `${blocks}/ann`);
    await ann.get('/api/v1/users/bob/status');
    await ann.post('/api/v1/users/status', { userIds: ['bob', 'eve'] });
    await ann.post('/api/v1/users/status', { userIds: [] });
  },
  chats: async ({ ann, sho, server, chatId }) => {
    const chat = `/v1/chat/${chatId}`;
    await ann.post('/v1/chat', { ...BETWEEN, order_id: 'another', initial_message: 'Hello' });
    await server.post('/v1/chat', BETWEEN);
    const words = { content: 'Two lemons', type: 'image', attachment_url: 'https://example.com/a.jpg', metadata: { a: { b: [1] } } };
    const { body } = await ann.post(`${chat}/messages`, words);
    await ann.get('/v1/chat/search?q=lemons');
    await sho.request('PUT', `${chat}/messages/read`, { message_ids: [body.id] });
    await ann.get(`${chat}/messages?limit=1`);
    await ann.get(chat);
    await sho.get('/v1/chat/my-chats?limit=1');
  },
  'chats, wrongly': async ({ ann, stranger, chatId }) => {
    const chat = `/v1/chat/${chatId}`;
    await ann.post('/v1/chat', {});
    await stranger.post('/v1/chat', BETWEEN);
    for (const path of [chat, `${chat}/messages`, CHAT_OF_NOBODY, `${CHAT_OF_NOBODY}/messages`]) await stranger.get(path);
    await ann.post(`${chat}/messages`, { content: ' ' });
    await ann.get('/v1/chat/search?q=-');
    await stranger.get(`/v1/chat/search?q=x&chat_id=${chatId}`);
    await ann.get('/v1/chat/my-chats?cursor=made-up');
    await ann.request('PUT', `${chat}/messages/read`, { message_ids: [] });
  },
  "chats, by the app's backend": async ({ server, chatId }) => {
    const chat = `${SERVER}/chats/${chatId}`;
    for (const content of ['Your shopper is on the way', 'Your shopper is there'])
      await server.post(`${chat}/messages`, { content }, { 'idempotency-key': 'shopper-1' });
    await server.post(`${chat}/messages`, { content: 'Hi', type: 'text', sender_id: 'helpful', sender_name: 'Helpful' });
    await server.request('PUT', `${chat}/members/admin-1`, { role: 'admin' });
    await server.request('DELETE', `${chat}/members/admin-1`);
    await server.request('PUT', `${chat}/members/admin-1`, { role: 'none' });
    await server.request('PUT', `${SERVER}/chats/none/members/admin-1`, { role: 'admin' });
    const update = { orderId: 'order-1', update: { status: 'packed' } };
    const key = { 'idempotency-key': 'tip-1' };
    await server.post(`${SERVER}/events`, { type: 'order_update', userIds: ['ann'], data: { orderId: 'order-1', update: {} } });
    for (const data of [update, update, {}]) await server.post(`${SERVER}/events`, { type: 'custom:tip', chatId, data }, key);
    await server.post(`${SERVER}/events`, { type: 'nonsense' });
  },
  'an archived chat': async ({ ann, chatId }) => {
    await ann.post(`/v1/chat/${chatId}/archive`);
    await ann.post(`/v1/chat/${chatId}/messages`, { content: 'Too late' });
  },
  notifications: async ({ ann, server }) => {
    const endpoint = 'https://fcm.googleapis.com/fcm/send/abc';
    const push = { token: 'a-token', platform: 'android', locale: 'ja' };
    await ann.post(`${PUSH}/devices`, push);
    await ann.post(`${PUSH}/subscribe`, { endpoint, expirationTime: null, keys: browserKeys() });
    await ann.request('DELETE', `${PUSH}/subscribe`, { endpoint });
    await ann.request('DELETE', `${PUSH}/devices?token=another`);
    await server.get(`${SERVER}/users/ann`);
    await ann.get(`${PUSH}/preferences`);
    const quiet_hours = { start: '22:00', end: '07:00', time_zone: 'Asia/Tokyo' };
    await ann.request('PUT', `${PUSH}/preferences`, { promotional: true, quiet_hours });
    await ann.request('PUT', `${PUSH}/preferences`, { quiet_hours: null, calls: 1 });
    await ann.get(`${PUSH}/vapid-public-key`);
    await ann.post(`${PUSH}/devices`, { token: 'a b' });
  },
  "calls, by the app's backend": async ({ server, ann }) => {
    const calls = `${SERVER}/calls`;
    const as = (userId: string, reason?: string) => ({ userId, ...(reason === undefined ? {} : { reason }) });
    const place = async (callId: string): Promise<string> => {
      await server.post(calls, { callerId: 'cat', calleeId: 'dan', callerName: 'Cat', callType: 'AUDIO', callId });
      return `${calls}/${callId}`;
    };
    const answered = await place('server-1');
    await server.post(`${answered}/accept`, as('dan'));
    await server.get(`${SERVER}/users/dan`);
    await server.post(`${answered}/end`, as('cat'), { 'idempotency-key': 'k' });
    await server.post(`${await place('server-2')}/reject`, as('dan', 'busy'));
    await server.post(`${await place('server-3')}/cancel`, as('cat', 'by support'));
    await server.get(answered);
    await server.get(`${calls}?userId=cat&state=over&limit=1`);
    for (const wrong of [as('cat'), as('eve'), {}]) await server.post(`${answered}/accept`, wrong);
    await server.post(`${calls}/none/accept`, as('cat'));
    await server.post(calls, {});
    await server.get(`${calls}/none`);
    await server.get(`${calls}?state=none`);
    await ann.get(calls);
    await server.post(`${SERVER}/users/ann/disconnect`);
  },
  'keys, audit and webhooks': async ({ server }) => {
    await server.post(`${SERVER}/keys`, { name: 'backend-2' });
    await server.post(`${SERVER}/keys`, { name: 'backend-2' });
    await server.get(`${SERVER}/keys`);
    await server.request('DELETE', `${SERVER}/keys/backend-2`);
    await server.request('DELETE', `${SERVER}/keys/none`);
    await server.get(`${SERVER}/audit?limit=5`);
    await server.get(`${SERVER}/audit?limit=x`);
    await server.post(`${SERVER}/webhooks/replay`, { since: new Date(Date.now() - 60_000).toISOString() });
    await server.post(`${SERVER}/webhooks/replay`, {});
  },
  'notifications to many': async ({ ann, server }) => {
    const bulk = { userIds: ['ann'], type: 'system_alert', template: { title: 'Tonight', body: 'at ten' }, dedupeKey: randomUUID() };
    const { body } = await server.post(`${SERVER}/notifications`, bulk);
    await server.post(`${SERVER}/notifications`, { ...bulk, userIds: ['bob'] });
    await server.post(`${SERVER}/notifications`, {});
    await server.get(`${SERVER}/notifications/${body.id}`);
    await server.get(`${SERVER}/notifications/none`);
    await server.get(`${SERVER}/live`);
    await server.get(`${SERVER}/pushes?userId=ann&limit=5`);
    await server.get(`${SERVER}/pushes?limit=0`);
    await ann.get(`${PUSH}/history`);
    await ann.get(`${PUSH}/history?cursor=none`);
  },
  'a person who is forgotten': async ({ server }) => {
    await server.request('DELETE', `${SERVER}/users/sho`);
  },
  probes: async ({ ann }) => {
    await ann.get('/livez');
    await ann.get('/readyz');
  },
};

it('what a whole run asks and is answered is as the document says, operation by operation', async () => {
  const webhooks = { WEBHOOK_URL: 'http://127.0.0.1:1/', WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}` };
  const vapid = { VAPID_PUBLIC_KEY: `B${'a'.repeat(86)}` };
  await using service = await startChatService({
    LIMIT_INITIATE_PER_MINUTE: '0',
    LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0',
    ...vapid,
    ...webhooks,
    ...MEDIA,
  });
  const check = createDocumentCheck();
  const chatId = await openChat(service);
  const as = async (userId: string) => check.follow(await clientOf(service, userId));
  const people = { ann: await as('ann'), bob: await as('bob'), sho: await as('sho'), stranger: await as('eve') };
  const server = check.follow(serverOf(service));
  for (const ask of Object.values(RUN)) await ask({ ...people, server, chatId });
  expect(check.problems).toEqual([]);
  const unasked = Object.keys(OPERATIONS).filter((route) => !check.succeeded.has(route) && route !== 'GET /metrics');
  expect(unasked, 'ask for it in RUN of this file').toEqual([]);
});

it('whoever has no token, a wrong one, or asks too often is answered as the document says', async () => {
  await using service = await startChatService({ LIMIT_REST_PER_MINUTE: '1' });
  const check = createDocumentCheck();
  const nobody = check.follow(createRestClient(service.url, null));
  for (const route of Object.keys(OPERATIONS)) {
    const [method = '', path = ''] = route.split(' ');
    if (path !== '/metrics') await nobody.request(method, path.replace(/:\w+/g, '0197a000-0000-7000-8000-000000000000'));
  }
  const expired = createRestClient(service.url, await mintToken('ann', { ttlSeconds: -1 }));
  await check.follow(expired).get('/v1/notifications/preferences');
  const ann = check.follow(await clientOf(service, 'ann'));
  for (const path of ['/v1/notifications/preferences', '/api/v1/calls/history']) {
    await ann.get(path);
    expect((await ann.get(path)).status).toBe(429);
  }
  expect(check.problems).toEqual([]);
});
