import { randomUUID } from 'node:crypto';
import type { ChatNews, Snapshot } from '@trunkline/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askAll, commandOf, openChat, sendOf, serverOf, startChatService } from './chat-door.ts';
import type { RunningCallService } from './running-call-service.ts';

let service: RunningCallService;

beforeAll(async () => {
  service = await startChatService();
});
afterAll(() => service[Symbol.asyncDispose]());

const room = async (user = `user-${randomUUID()}`) => {
  const shopper = `shopper-${randomUUID()}`;
  const chatId = await openChat(service, { order_id: `order-${randomUUID()}`, user_id: user, shopper_id: shopper });
  return { chatId, user, shopper };
};

const say = async (userId: string, chatId: string, count = 1): Promise<string[]> => {
  const replies = await askAll(
    service,
    Array.from({ length: count }, (_, index) => sendOf(userId, chatId, `m${index}`)),
  );
  return replies.map((reply) => {
    if (reply.ok && reply.result.type === 'message') return reply.result.message.id;
    throw new Error(JSON.stringify(reply));
  });
};

/** By the database's clock, behind all that was stored before. */
const now = async (): Promise<number> => {
  const [row] = await service.database.query<{ now: number }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
  return Number(row?.now);
};

const session = (userId: string, since?: number) => ({ sessionId: randomUUID(), userId, deviceId: null, hears: 'chats', since });

const openAll = async (...opened: ReturnType<typeof session>[]): Promise<(ChatNews[] | undefined)[]> => {
  const response = await service.post('sessions', { gatewayId: 'gateway', opened, closed: [] });
  const { snapshots } = (await response.json()) as { snapshots: Snapshot[] };
  return snapshots.map(({ news }) => news);
};

it('who asks is told in which chats something was said since then, behind which message, the newest first', async () => {
  const { chatId, user, shopper } = await room();
  const other = await room(user);
  await say(shopper, chatId, 3);
  const before = await now();
  await say(shopper, chatId, 2);
  const between = await now();
  await say(other.shopper, other.chatId);
  const expected = [
    { chatId: other.chatId, afterSeq: 0, lastSeq: 1 },
    { chatId, afterSeq: 3, lastSeq: 5 },
  ];
  const after = await now();
  expect(
    await openAll(session(user, before), session(user, between), session(user, after), session(user), session(shopper, before)),
  ).toEqual([expected, expected.slice(0, 1), [], undefined, expected.slice(1)]);
});

it('what they said themselves counts, and what they have read', async () => {
  const { chatId, user, shopper } = await room();
  const since = await now();
  await say(user, chatId);
  expect(await openAll(session(user, since))).toEqual([[{ chatId, afterSeq: 0, lastSeq: 1 }]]);
  const [messageId] = await say(shopper, chatId);
  await askAll(service, [commandOf(user, { type: 'mark_read', chatId, messageIds: [messageId] })]);
  expect(await openAll(session(user, since))).toEqual([[{ chatId, afterSeq: 0, lastSeq: 2 }]]);
});

it('a chat in which nothing was said, and one that they are no member of, are none of it', async () => {
  const since = await now();
  const { chatId, user, shopper } = await room();
  const member = `/v1/server/chats/${chatId}/members/${shopper}`;
  expect(await openAll(session(user, since))).toEqual([[]]);
  await say(user, chatId);
  await serverOf(service).request('DELETE', member);
  expect(await openAll(session(shopper, since))).toEqual([[]]);
  await serverOf(service).request('PUT', member, { role: 'shopper' });
  expect(await openAll(session(shopper, since))).toEqual([[]]);
  await say(user, chatId);
  expect(await openAll(session(shopper, since))).toEqual([[{ chatId, afterSeq: 1, lastSeq: 2 }]]);
});

it('of a long conversation no more is looked at than is told of it', async () => {
  const { chatId, user, shopper } = await room();
  const since = await now();
  await say(shopper, chatId, 50);
  expect(await openAll(session(user, since))).toEqual([[{ chatId, afterSeq: 0, lastSeq: 50 }]]);
  await say(shopper, chatId, 30);
  expect(await openAll(session(user, since))).toEqual([[{ chatId, afterSeq: 29, lastSeq: 80 }]]);
});

it('no more than a hundred chats are told of, those that were written in last', async () => {
  const user = `user-${randomUUID()}`;
  const since = await now();
  const chats: string[] = [];
  for (let count = 0; count < 101; count += 1) {
    const { chatId } = await room(user);
    await say(user, chatId);
    chats.push(chatId);
  }
  const [news] = await openAll(session(user, since));
  expect(news?.map(({ chatId }) => chatId)).toEqual(chats.slice(1).reverse());
});
