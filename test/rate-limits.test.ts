import { randomUUID } from 'node:crypto';
import { createRestClient, mintToken, type RestClient, type System } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRoom, startChatSystem } from './chat-room.ts';

const LIMITS = { rest: 90, initiate: 60, messages: 60 };
const REPLICAS = 3;

let system: System;

beforeAll(async () => {
  const settings = {
    LIMIT_REST_PER_MINUTE: `${LIMITS.rest}`,
    LIMIT_INITIATE_PER_MINUTE: `${LIMITS.initiate}`,
    LIMIT_MESSAGES_PER_MINUTE: `${LIMITS.messages}`,
  };
  system = await startChatSystem({ gateways: 1, callServices: REPLICAS, settings });
});
afterAll(() => system[Symbol.asyncDispose]());

/** One user at every replica. */
const everywhere = async (userId: string): Promise<RestClient[]> => {
  const token = await mintToken(userId);
  return system.callServices.map(({ url }) => createRestClient(url, token));
};

/** How many of twice the limit were let through, where each goes to the next replica. */
const letThrough = async (
  replicas: readonly RestClient[],
  limit: number,
  ask: (client: RestClient, index: number) => Promise<{ status: number }>,
): Promise<number> => {
  let count = 0;
  for (let index = 0; index < 2 * limit; index += 1) {
    const { status } = await ask(replicas[index % REPLICAS] as RestClient, index);
    if (status !== 429) count += 1;
  }
  return count;
};

const expectWithin = (count: number, limit: number): void => expect(Math.abs(count - limit) / limit).toBeLessThanOrEqual(0.05);

it.each<[string, keyof typeof LIMITS, (client: RestClient, index: number) => Promise<{ status: number }>]>([
  ['requests of a route', 'rest', (client) => client.get('/api/v1/calls/ringing')],
  ['places', 'initiate', (client, index) => client.post('/api/v1/calls/initiate', { calleeId: `callee-${index}` })],
])('the limit of %s holds for all replicas together, within 5 %%', async (_name, limit, ask) => {
  const count = await letThrough(await everywhere(`user-${randomUUID()}`), LIMITS[limit], ask);
  expectWithin(count, LIMITS[limit]);
});

it('the limit of messages holds for all replicas together, within 5 %', async () => {
  const { chatId, userId } = await openRoom(system);
  const say = (client: RestClient) => client.post(`/v1/chat/${chatId}/messages`, { content: 'Hello!' });
  expectWithin(await letThrough(await everywhere(userId), LIMITS.messages, say), LIMITS.messages);
});

it('a place that is said again gets its first answer, however often, though the limit is reached', async () => {
  const [client] = await everywhere(`user-${randomUUID()}`);
  const again = { 'idempotency-key': randomUUID() };
  const place = (calleeId: string, headers = {}) => client?.post('/api/v1/calls/initiate', { calleeId }, headers);
  const first = await place('callee-of-one', again);
  for (let count = 1; count < LIMITS.initiate; count += 1) await place(`callee-${count}`);
  expect(await place('one-too-many')).toMatchObject({ status: 429 });
  expect(await place('callee-of-one', again)).toMatchObject({ status: first?.status, body: first?.body });
});

it('a message that is said again is the one that was stored, though the limit is reached', async () => {
  const { chatId, userId } = await openRoom(system);
  const [client] = await everywhere(userId);
  const say = (body: object) => client?.post(`/v1/chat/${chatId}/messages`, { content: 'Hello!', ...body });
  const named = { client_message_id: randomUUID() };
  const first = await say(named);
  expect(first?.status).toBe(201);
  for (let count = 1; count < LIMITS.messages; count += 1) await say({});
  expect(await say({})).toMatchObject({ status: 429 });
  expect((await say(named))?.body).toMatchObject({ id: first?.body.id });
});
