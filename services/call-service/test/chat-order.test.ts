import { randomUUID } from 'node:crypto';
import { startSubscriber } from '@trunkline/bus';
import { ChatEvent, type ChatReply, UserId } from '@trunkline/contract';
import { backingUrls, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { askAll, BETWEEN, clientOf, commandOf, openChat, sendOf, serverOf, startChatService } from './chat-door.ts';
import { startSecondCallService } from './running-call-service.ts';

const messageIn = (reply: ChatReply | undefined) => {
  if (reply?.ok !== true || reply.result.type !== 'message') throw new Error(`no message: ${JSON.stringify(reply)}`);
  return reply.result.message;
};

it('many senders, repetitions and two call-services make one order without gap or double', async () => {
  await using first = await startChatService();
  await using second = await startSecondCallService(first, { LIMIT_MESSAGES_PER_MINUTE: '0' });
  const chatId = await openChat(first);
  const commands = Array.from({ length: 400 }, (_, index) =>
    sendOf(index % 2 === 0 ? 'ann' : 'sho', chatId, `m${index}`, index % 3 === 0 ? {} : { requestId: `request-${index}` }),
  );
  const parts = [commands.slice(0, 200), commands.slice(200)];
  const asked = parts.flatMap((part, index) => [
    askAll(index === 0 ? first : second, part),
    askAll(index === 0 ? second : first, part.map((command) => ({ ...command, attempt: 2 })).reverse()),
  ]);
  const [a, aAgain, b, bAgain] = await Promise.all(asked);
  const ids = [...(a ?? []), ...(b ?? [])].map((reply) => messageIn(reply).id);
  expect([...(aAgain ?? []).reverse(), ...(bAgain ?? []).reverse()].map((reply) => messageIn(reply).id)).toEqual(ids);
  const rows = await first.database.query<{ id: string; seq: number }>('SELECT id, seq FROM messages ORDER BY seq');
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
  expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).sort());
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(ids));
  const unread = await first.database.query('SELECT user_id, unread_count FROM chat_members ORDER BY user_id');
  expect(unread).toEqual([
    { user_id: 'ann', unread_count: 200 },
    { user_id: 'sho', unread_count: 200 },
  ]);
});

it('what happens in a chat is heard by all its members, in order', async () => {
  const prefix = `test-${randomUUID()}`;
  await using service = await startChatService({ REDIS_PREFIX: prefix });
  const chatId = await openChat(service);
  await using subscriber = await startSubscriber({ redisUrl: backingUrls().redisUrl, prefix, onError: () => undefined });
  const heard: Record<string, ChatEvent[]> = { ann: [], sho: [], cid: [] };
  for (const [userId, events] of Object.entries(heard))
    await subscriber.subscribeToChats(UserId.parse(userId), (event) => events.push(event)).inForce;
  const commands = Array.from({ length: 100 }, (_, index) => sendOf('ann', chatId, `m${index}`));
  const replies = await askAll(service, commands);
  const ids = replies.map((reply) => messageIn(reply).id);
  const [read] = await askAll(service, [commandOf('sho', { type: 'mark_read', chatId, messageIds: ids })]);
  expect(read).toEqual({ ok: true, result: { type: 'read', chatId, messageIds: ids, readAt: expect.any(Number) } });
  await until('both heard of the reading', () => ['ann', 'sho'].every((userId) => heard[userId]?.at(-1)?.type === 'messages_read'));
  const ordered = [...new Map((heard['ann'] ?? []).map((event) => [event.id, event])).values()];
  const sent = ordered.flatMap((event) => (event.type === 'message_sent' ? [event] : []));
  expect(sent.map(({ message }) => message.seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(sent[0]).toMatchObject({ senderSessionId: 'session-of-ann', recipients: ['ann', 'sho'] });
  expect(ordered.at(-1)).toMatchObject({ type: 'messages_read', chatId, messageIds: ids, readBy: 'sho' });
  expect(ordered.every((event) => ChatEvent.safeParse(event).success)).toBe(true);
  expect(heard['cid']).toEqual([]);
  await until('the outbox is empty', async () => (await service.database.query('SELECT FROM outbox')).length === 0);
});

it('who joins gets the last fifty messages, the oldest first, and all members', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  await askAll(
    service,
    Array.from({ length: 60 }, (_, index) => sendOf('ann', chatId, `m${index}`)),
  );
  const [opened] = await askAll(service, [commandOf('sho', { type: 'open_chat', chatId })]);
  if (opened?.ok !== true || opened.result.type !== 'chat') throw new Error(JSON.stringify(opened));
  expect(opened.result.members).toEqual(['ann', 'sho']);
  expect(opened.result.messages.map(({ content }) => content)).toEqual(Array.from({ length: 50 }, (_, index) => `m${index + 10}`));
  const [stranger, nowhere] = await askAll(service, [
    commandOf('cid', { type: 'open_chat', chatId }),
    commandOf('ann', { type: 'open_chat', chatId: randomUUID() }),
  ]);
  expect(stranger).toMatchObject({ ok: false, error: { code: 'unauthorized', field: 'chat_id' } });
  expect(nowhere).toMatchObject({ ok: false, error: { code: 'chat_not_found', field: 'chat_id' } });
});

it('who is removed is out at once, everywhere; who comes back starts with nothing unread', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [ann, sho, backend] = [await clientOf(service, 'ann'), await clientOf(service, 'sho'), serverOf(service)];
  const [sent] = await askAll(service, [sendOf('ann', chatId, 'before')]);
  const member = `/v1/server/chats/${chatId}/members/sho`;
  expect((await backend.request('DELETE', member)).body).toEqual({ chat_id: chatId, user_id: 'sho', member: false });
  expect((await backend.request('DELETE', member)).status).toBe(200);
  const replies = await askAll(service, [
    sendOf('sho', chatId, 'x'),
    commandOf('sho', { type: 'open_chat', chatId }),
    commandOf('sho', { type: 'mark_read', chatId, messageIds: [messageIn(sent).id] }),
  ]);
  expect(replies.map((reply) => !reply.ok && reply.error.code)).toEqual(['unauthorized', 'unauthorized', 'unauthorized']);
  expect((await sho.get('/v1/chat/my-chats')).body.total).toBe(0);
  expect((await sho.get('/v1/chat/search?q=before')).body.messages).toEqual([]);
  expect((await sho.post('/v1/chat', BETWEEN)).status).toBe(403);
  expect((await ann.post(`/v1/chat/${chatId}/messages`, { content: 'alone' })).status).toBe(201);
  expect((await backend.request('PUT', member, { role: 'shopper' })).body).toMatchObject({ user_id: 'sho', role: 'shopper' });
  expect((await sho.get(`/v1/chat/${chatId}`)).body.unread_count).toBe(0);
  await ann.post(`/v1/chat/${chatId}/messages`, { content: 'welcome' });
  await askAll(service, [commandOf('sho', { type: 'mark_read', chatId, messageIds: [messageIn(sent).id] })]);
  expect((await sho.get(`/v1/chat/${chatId}`)).body.unread_count).toBe(1);
  expect((await backend.request('PUT', `/v1/server/chats/${chatId}/members/boss`, { role: 'admin' })).status).toBe(200);
  const boss = await clientOf(service, 'boss', 'admin');
  expect((await boss.post(`/v1/chat/${chatId}/messages`, { content: 'hello' })).body.sender_role).toBe('admin');
  expect((await backend.request('PUT', member, { role: 'king' })).body.error.field).toBe('role');
});

it('a person may send so many messages a minute, whichever way they come', async () => {
  await using service = await startChatService({ LIMIT_MESSAGES_PER_MINUTE: '3' });
  const chatId = await openChat(service);
  const ann = await clientOf(service, 'ann');
  const replies = await askAll(
    service,
    ['1', '2'].map((content) => sendOf('ann', chatId, content)),
  );
  expect(replies.every(({ ok }) => ok)).toBe(true);
  const statuses = [];
  for (const content of ['3', '4']) statuses.push((await ann.post(`/v1/chat/${chatId}/messages`, { content })).status);
  expect(statuses).toEqual([201, 429]);
  const [late, repeated] = await askAll(service, [sendOf('ann', chatId, '5'), { ...sendOf('ann', chatId, '6'), attempt: 2 }]);
  expect(late).toMatchObject({ ok: false, error: { code: 'rate_limited', retryAfterSeconds: expect.any(Number) } });
  expect(repeated?.ok).toBe(true);
});

it('one poisonous message fails alone, not its batch', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  await service.database.query(`CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.content = 'poison' THEN RAISE EXCEPTION 'poison'; END IF; RETURN new; END $$`);
  await service.database.query('CREATE TRIGGER poison BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse_poison()');
  const replies = await askAll(
    service,
    Array.from({ length: 40 }, (_, index) => sendOf('ann', chatId, index === 17 ? 'poison' : 'fine')),
  );
  expect(replies.flatMap((reply, index) => (reply.ok ? [] : [[index, reply.error.code]]))).toEqual([[17, 'service_error']]);
  const rows = await service.database.query<{ seq: number }>('SELECT seq FROM messages ORDER BY seq');
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 39 }, (_, index) => index + 1));
});
