import { randomUUID } from 'node:crypto';
import type { ChatReply } from '@trunkline/contract';
import { until } from '@trunkline/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askAll, clientOf, commandOf, openChat, sendOf, serverOf, startChatService } from './chat-door.ts';
import { type PushRow, pushClient } from './push-client.ts';
import { type RunningCallService, SHORT_LEASE, startSecondCallService } from './running-call-service.ts';

let service: RunningCallService;
let client: ReturnType<typeof pushClient>;

beforeAll(async () => {
  // Its gateways renew nothing.
  service = await startChatService({ GATEWAY_LEASE_SECONDS: '300' });
  client = pushClient(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const GATEWAY = 'gateway';

interface Seat {
  sessionId: string;
  userId: string;
}

/** A session of somebody that has the chat open. */
const sit = async (userId: string, chatId: string, gatewayId = GATEWAY): Promise<Seat> => {
  const sessionId = `session-${randomUUID()}`;
  await service.post('sessions', { gatewayId, opened: [{ sessionId, userId, deviceId: null, hears: 'chats' }], closed: [] });
  await sitDown({ sessionId, userId }, chatId);
  return { sessionId, userId };
};

const sitDown = async ({ sessionId, userId }: Seat, chatId: string): Promise<void> => {
  const envelope = commandOf(userId, { type: 'open_chat', chatId, takesSeat: true });
  const [reply] = await askAll(service, [{ ...envelope, actor: { ...envelope.actor, sessionId } }]);
  expect(reply).toMatchObject({ ok: true });
};

const isSettled = async ({ sessionId }: Seat): Promise<boolean> =>
  (await service.database.query('SELECT FROM sessions WHERE id = $1 AND settled_at IS NOT NULL', [sessionId])).length === 1;

/** Its gateway reports the close: of a session that fell silent, but where that is said otherwise. */
const leave = async (seat: Seat, how: { wasSilent?: true } = { wasSilent: true }): Promise<void> => {
  await service.post('sessions', { gatewayId: GATEWAY, opened: [], closed: [{ ...seat, ...how }] });
  await until('the close is settled', () => isSettled(seat));
};

const room = async () => {
  const [user, shopper, orderId] = [`user-${randomUUID()}`, `shopper-${randomUUID()}`, `order-${randomUUID()}`];
  const chatId = await openChat(service, { order_id: orderId, user_id: user, shopper_id: shopper });
  const token = await client.device(shopper);
  return { chatId, orderId, user, shopper, token };
};

const idIn = (reply: ChatReply | undefined): string => {
  if (reply?.ok !== true || reply.result.type !== 'message') throw new Error(`no message: ${JSON.stringify(reply)}`);
  return reply.result.message.id;
};

const say = async (userId: string, chatId: string, content: string): Promise<string> =>
  idIn((await askAll(service, [sendOf(userId, chatId, content)]))[0]);

const pushesOf = async (userId: string): Promise<PushRow[]> =>
  (await client.pushes('chat_message')).filter(({ user_id }) => user_id === userId);
const pushedTo = async (userId: string): Promise<unknown[]> => (await pushesOf(userId)).map(({ content }) => content['messageId']);

it('who turns out to be gone is pushed the newest message that they have not read, as it would have been at once', async () => {
  const { chatId, orderId, user, shopper } = await room();
  const seat = await sit(shopper, chatId);
  await say(user, chatId, 'first');
  const newest = await say(user, chatId, 'second');
  expect(await pushesOf(shopper)).toEqual([]);
  await leave(seat);
  const pushes = await pushesOf(shopper);
  expect(pushes.map(({ content }) => content)).toEqual([
    expect.objectContaining({ type: 'chat_message', chatId, messageId: newest, orderId, senderId: user, messageType: 'text', text: null }),
  ]);
  expect(await client.claim(pushes)).toMatchObject([{ collapseKey: `chat-${chatId}` }]);
});

it('so is who had a session at a gateway that fell silent', async () => {
  await using _quick = await startSecondCallService(service, SHORT_LEASE);
  const [lately, before] = [await room(), await room()];
  const seats = [await sit(lately.shopper, lately.chatId, 'a-dead-gateway'), await sit(before.shopper, before.chatId, 'long-dead')];
  const said = await Promise.all([lately, before].map(({ user, chatId }) => say(user, chatId, 'into the void')));
  // The database was away since: what was said just before is as old as that.
  await service.database.query(`UPDATE messages SET created_at = created_at - interval '20 minutes' WHERE chat_id = $1`, [before.chatId]);
  await service.database.query(`UPDATE chats SET last_message_at = last_message_at - interval '20 minutes' WHERE id = $1`, [before.chatId]);
  await service.database.query(`UPDATE gateways SET lease_until = clock_timestamp() - interval '20 minutes' WHERE id = 'long-dead'`);
  await service.database.query(`UPDATE gateways SET lease_until = clock_timestamp() WHERE id = 'a-dead-gateway'`);
  for (const seat of seats) await until('the lapsed session is settled', () => isSettled(seat));
  expect(await Promise.all([lately, before].map(({ shopper }) => pushedTo(shopper)))).toEqual(said.map((id) => [id]));
});

it('nothing is pushed to who closed the connection: what was said was told', async () => {
  const { chatId, user, shopper } = await room();
  const seat = await sit(shopper, chatId);
  await say(user, chatId, 'heard, and not read');
  await leave(seat, {});
  expect(await pushesOf(shopper)).toEqual([]);
});

it('nothing is pushed to who has read it, has it open elsewhere, or had left the chat before', async () => {
  const [read, open, elsewhere] = [await room(), await room(), await room()];
  const seats = [
    await sit(read.shopper, read.chatId),
    await sit(open.shopper, open.chatId),
    await sit(elsewhere.shopper, elsewhere.chatId),
  ];
  await sit(open.shopper, open.chatId);
  const id = await say(read.user, read.chatId, 'seen');
  await say(open.user, open.chatId, 'seen on the other screen');
  await askAll(service, [commandOf(read.shopper, { type: 'mark_read', chatId: read.chatId, messageIds: [id] })]);
  const leaving = commandOf(elsewhere.shopper, { type: 'leave_chat', chatId: elsewhere.chatId });
  await say(elsewhere.user, elsewhere.chatId, 'seen, and then left');
  await askAll(service, [{ ...leaving, actor: { ...leaving.actor, sessionId: seats[2]?.sessionId } }]);
  for (const seat of seats) await leave(seat);
  expect(await Promise.all([read, open, elsewhere].map(({ shopper }) => pushedTo(shopper)))).toEqual([[], [], []]);
});

it('nothing is pushed of what they said themselves, of what is old, of calls, or to who is no member any more', async () => {
  const [own, old, call, removed] = [await room(), await room(), await room(), await room()];
  const rooms = [own, old, call, removed];
  const seats = await Promise.all(rooms.map(({ shopper, chatId }) => sit(shopper, chatId)));
  await say(own.shopper, own.chatId, 'my own');
  for (const { user, chatId } of [old, removed]) await say(user, chatId, 'x');
  await service.database.query(`UPDATE messages SET created_at = created_at - interval '346 seconds' WHERE chat_id = $1`, [old.chatId]);
  const callId = await client.place(call.user, call.shopper);
  await (await client.as(call.user)).post(`/api/v1/calls/${callId}/cancel`, {});
  await until(
    'the call is told',
    async () => (await service.database.query('SELECT FROM messages WHERE chat_id = $1', [call.chatId])).length === 1,
  );
  await serverOf(service).request('DELETE', `/v1/server/chats/${removed.chatId}/members/${removed.shopper}`);
  for (const seat of seats) await leave(seat);
  expect(await Promise.all(rooms.map(({ shopper }) => pushedTo(shopper)))).toEqual([[], [], [], []]);
});

it('a message that was pushed already is not pushed again, and nothing older after it', async () => {
  const { chatId, user, shopper } = await room();
  const seat = await sit(shopper, chatId);
  await say(user, chatId, 'while they seemed to be there');
  await service.database.query('UPDATE sessions SET closed_at = clock_timestamp() WHERE id = $1', [seat.sessionId]);
  const pushed = await say(user, chatId, 'when they were known to be gone');
  await until('the close is settled', () => isSettled(seat));
  expect(await pushedTo(shopper)).toEqual([pushed]);
});

it('who does not want messages gets none', async () => {
  const { chatId, user, shopper } = await room();
  await (await clientOf(service, shopper)).request('PUT', '/v1/notifications/preferences', { chat_messages: false });
  const seat = await sit(shopper, chatId);
  await say(user, chatId, 'not wanted');
  await leave(seat);
  expect(await pushedTo(shopper)).toEqual([]);
});

it('each is pushed once, when two call-services settle the same sessions and more is said meanwhile', async () => {
  await using second = await startSecondCallService(service);
  const rooms = await Promise.all(Array.from({ length: 20 }, room));
  const seats = await Promise.all(rooms.map(({ shopper, chatId }) => sit(shopper, chatId)));
  const reported = (at: RunningCallService) =>
    at.post('sessions', { gatewayId: GATEWAY, opened: [], closed: seats.map((seat) => ({ ...seat, wasSilent: true })) });
  const sayIn = ({ user, chatId }: (typeof rooms)[number]) => say(user, chatId, 'before, or at the same time');
  const before = await Promise.all(rooms.slice(10).map(sayIn));
  const [meanwhile] = await Promise.all([Promise.all(rooms.slice(0, 10).map(sayIn)), reported(service), reported(second)]);
  await until('the closes are settled', async () => (await Promise.all(seats.map(isSettled))).every(Boolean));
  await Promise.all([reported(service), reported(second)]);
  await until('nothing is left', async () => (await Promise.all(seats.map(isSettled))).every(Boolean));
  expect(await Promise.all(rooms.map(({ shopper }) => pushedTo(shopper)))).toEqual([...meanwhile, ...before].map((id) => [id]));
});

const memberPath = (chatId: string, userId: string): string => `/v1/server/chats/${chatId}/members/${userId}`;
const remove = (chatId: string, userId: string) => serverOf(service).request('DELETE', memberPath(chatId, userId));
const letIn = (chatId: string, userId: string) => serverOf(service).request('PUT', memberPath(chatId, userId));

const seatsIn = async (chatId: string): Promise<string[]> => {
  const seats = await service.database.query<{ id: string }>('SELECT session_id AS id FROM chat_seats WHERE chat_id = $1', [chatId]);
  return seats.map(({ id }) => id);
};

it('who is removed and let in again is pushed what is said, until they open the chat again', async () => {
  const { chatId, user, shopper } = await room();
  const seat = await sit(shopper, chatId);
  await sit(shopper, chatId);
  await remove(chatId, shopper);
  await letIn(chatId, shopper);
  const id = await say(user, chatId, 'still there?');
  expect(await pushedTo(shopper)).toEqual([id]);
  await sitDown(seat, chatId);
  await say(user, chatId, 'there you are');
  expect(await pushedTo(shopper)).toEqual([id]);
});

it('with who is removed goes no seat of anybody else, nor one in another chat', async () => {
  const { chatId, user, shopper } = await room();
  const otherChatId = await openChat(service, { order_id: `order-${randomUUID()}`, user_id: user, shopper_id: shopper });
  const [users, shoppers] = [await sit(user, chatId), await sit(shopper, otherChatId)];
  await sit(shopper, chatId);
  await remove(chatId, shopper);
  expect([await seatsIn(chatId), await seatsIn(otherChatId)]).toEqual([[users.sessionId], [shoppers.sessionId]]);
});

it('who opens a chat while they are being removed keeps no seat there', async () => {
  const { chatId, shopper } = await room();
  const removal = new pg.Client({ connectionString: service.database.url });
  await removal.connect();
  try {
    await removal.query('BEGIN');
    await removal.query('UPDATE chat_members SET left_at = clock_timestamp() WHERE chat_id = $1 AND user_id = $2', [chatId, shopper]);
    const seated = sit(shopper, chatId);
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await Promise.race([seated, until('it waits for the removal', async () => (await service.database.query(waiting)).length > 0)]);
    await removal.query('COMMIT');
    await seated;
    expect(await seatsIn(chatId)).toEqual([]);
  } finally {
    await removal.end();
  }
});

it('a removal does not wait for a session that is being forgotten', async () => {
  const { chatId, shopper } = await room();
  const forgotten = await sit(shopper, chatId);
  await sit(shopper, chatId);
  const forgetting = new pg.Client({ connectionString: service.database.url });
  await forgetting.connect();
  try {
    await forgetting.query('BEGIN');
    await forgetting.query('DELETE FROM sessions WHERE id = $1', [forgotten.sessionId]);
    expect(await remove(chatId, shopper)).toMatchObject({ status: 200 });
    expect(await seatsIn(chatId)).toEqual([forgotten.sessionId]);
    await forgetting.query('COMMIT');
    expect(await seatsIn(chatId)).toEqual([]);
  } finally {
    await forgetting.end();
  }
});
