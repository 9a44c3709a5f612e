import { type ChatReply, refusal } from '@trunkline/contract';
import { describe, expect, it } from 'vitest';
import { connectBen, namesOf, readChat, turn } from '../../test/chat-connection.ts';
import { aChatEvent, aMessage, CHAT, SENT_AT, SHOPPER, sent } from '../../test/chat-event.ts';
import { MAX_QUEUED_BYTES } from '../transports/transport.ts';

const MY_SEAT = `chat:${CHAT}:ben`;
const OTHER_SEAT = `chat:${CHAT}:ana`;

const notAllowed: ChatReply = { ok: false, error: { ...refusal('unauthorized'), field: 'chat_id' } };

describe('opening', () => {
  it('hears first, is reported next, then greets, and then tells what it heard meanwhile', async () => {
    const { seen, subscription, opened, commands, ask } = connectBen();
    seen.hear(sent(1));
    ask('join_chat', { chat_id: CHAT });
    await turn();
    expect([seen.reports, seen.frames, commands]).toEqual([['present'], [], []]);
    subscription.resolve();
    await turn();
    expect(seen.reports).toEqual(['present', 'opened for chats']);
    opened.shift()?.({ events: [], unread: [{ chatId: aMessage().chatId, unreadCount: 2 }], refused: false });
    await turn();
    const timestamp = '2024-01-01T12:00:00.000Z';
    expect(seen.frames.slice(0, 2)).toEqual([
      { event: 'connected', body: { userId: 'ben', role: 'shopper', timestamp } },
      { event: 'unread_counts', body: { chats: [{ chat_id: CHAT, unread_count: 2 }] } },
    ]);
    expect(namesOf(seen.frames)).toEqual(['connected', 'unread_counts', 'new_message']);
    expect(commands.map(({ command }) => command)).toEqual([{ type: 'open_chat', chatId: CHAT, takesSeat: true }]);
  });

  it('stays where call-service is slow: what waits is refused each time, and the next answer opens it', async () => {
    const { seen, subscription, opened, ask } = connectBen();
    ask('join_chat', { chat_id: CHAT });
    subscription.resolve();
    await turn();
    opened.shift()?.('busy');
    await turn();
    expect(seen.acknowledged).toMatchObject([{ ok: false, error: { code: 'service_error' } }]);
    opened.shift()?.({ events: [], refused: false });
    await turn();
    expect([namesOf(seen.frames), seen.closedFor]).toEqual([['connected'], []]);
  });

  it('that no call-service takes answers what waits, and closes so that the client comes back', async () => {
    const { seen, subscription, opened, ask } = connectBen();
    ask('join_chat', { chat_id: CHAT });
    subscription.resolve();
    await turn();
    opened.shift()?.('unreachable');
    await turn();
    expect(seen.acknowledged).toMatchObject([{ ok: false, error: { code: 'service_error' } }]);
    expect([namesOf(seen.frames), seen.closedFor]).toEqual([['connection:closing'], ['unavailable']]);
  });

  it('of one connection too many closes it', async () => {
    const { seen, subscription, opened } = connectBen();
    subscription.resolve();
    await turn();
    opened.shift()?.({ events: [], refused: true });
    await turn();
    expect(seen.closedFor).toEqual(['too_many_connections']);
  });
});

describe('a joined chat', () => {
  it('has a seat for its member, and others hear of it in theirs', async () => {
    const { seen, ask, open, reply, chat } = connectBen();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    expect([[...seen.rooms], namesOf(seen.frames)]).toEqual([[MY_SEAT], ['connected', 'chat_history']]);
    expect(seen.told.map(([room, { event }]) => [room, event])).toEqual([[OTHER_SEAT, 'user_joined']]);
    expect(seen.acknowledged).toEqual([{ ok: true }]);
  });

  it('is left by a socket that is gone, typing and all', async () => {
    const { connection, seen, ask, open, reply, chat } = connectBen();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    ask('typing_indicator', { chat_id: CHAT, action: 'start' });
    await turn();
    connection.onClose(null);
    await seen.left;
    expect(seen.told.slice(1)).toEqual([
      [OTHER_SEAT, { event: 'typing_indicator', body: { chatId: CHAT, userId: 'ben', action: 'start' } }],
      [OTHER_SEAT, { event: 'typing_indicator', body: { chatId: CHAT, userId: 'ben', action: 'stop' } }],
      [OTHER_SEAT, { event: 'user_left', body: { chatId: CHAT, userId: 'ben', timestamp: '2024-01-01T12:00:00.000Z' } }],
    ]);
    expect([[...seen.rooms], seen.reports.slice(2)]).toEqual([[], ['unsubscribed', 'absent', 'closed']]);
  });

  it('is left by a socket that fell silent, and that is reported: what it was told last, nobody may have heard', async () => {
    const { connection, seen, open } = connectBen();
    await open();
    connection.onClose('silent');
    await seen.left;
    expect(seen.reports.at(-1)).toBe('closed as silent');
  });

  it('is not entered by a socket that went while it was asked for', async () => {
    const { connection, seen, ask, open, reply, chat } = connectBen();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    connection.onClose(null);
    await reply(chat());
    await seen.left;
    expect([[...seen.rooms], seen.told, seen.acknowledged]).toEqual([[], [], []]);
  });

  it.each(['send_message', 'mark_messages_read'])('is left when %s finds that the member is none any more', async (event) => {
    const { seen, ask, open, reply, chat } = connectBen();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    ask(event, { chat_id: CHAT, content: 'Hello!', message_ids: [aMessage().id] });
    await turn();
    await reply(notAllowed);
    await reply(notAllowed);
    expect([[...seen.rooms], seen.acknowledged[1]]).toMatchObject([[], { ok: false, error: { code: 'unauthorized', field: 'chat_id' } }]);
  });

  it('is kept by who may read and not write', async () => {
    const { seen, ask, open, reply, chat } = connectBen();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    ask('send_message', { chat_id: CHAT, content: 'Hello!' });
    await turn();
    await reply(notAllowed);
    await reply(chat());
    expect([[...seen.rooms], seen.acknowledged.length]).toEqual([[MY_SEAT], 2]);
  });

  it('is left at once by who hears of their own removal, and typing is checked anew', async () => {
    const { seen, commands, ask, open, reply, chat } = connectBen();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    seen.hear(aChatEvent({ type: 'member_removed', chatId: CHAT, userId: SHOPPER }));
    expect([[...seen.rooms], namesOf(seen.frames)]).toEqual([[], ['connected', 'chat_history', 'user_left']]);
    ask('typing_indicator', { chat_id: CHAT, action: 'start' });
    await turn();
    expect(commands.map(({ command }) => command.type)).toEqual(['open_chat']);
    await reply(notAllowed);
    expect(seen.acknowledged[1]).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    expect(namesOf(seen.told.map(([, frame]) => frame))).toEqual(['user_joined']);
  });
});

it('a client that does not read what rooms tell it is closed', async () => {
  const { connection, seen, open } = connectBen();
  await open();
  seen.queuedBytes = MAX_QUEUED_BYTES + 1;
  connection.onTold({ event: 'user_joined', body: {} });
  expect(seen.closedFor).toEqual(['too_slow']);
});

it('a message that was taken is sent, also when its socket is gone by then, and the close is reported after it', async () => {
  const { connection, seen, commands, ask, open, reply } = connectBen();
  await open();
  ask('send_message', { chat_id: CHAT, content: 'one' });
  ask('send_message', { chat_id: CHAT, content: 'two' });
  connection.onClose(null);
  await reply({ ok: true, result: { type: 'message', message: aMessage() } });
  expect([commands.length, seen.reports.includes('closed')]).toEqual([1, false]);
  await reply({ ok: true, result: { type: 'message', message: aMessage() } });
  await seen.left;
  expect(seen.reports.at(-1)).toBe('closed');
});

it('it is idle when what its client asked is answered', async () => {
  const { connection, seen, ask, open, reply, chat } = connectBen();
  await open();
  ask('join_chat', { chat_id: CHAT });
  await turn();
  expect(connection.isIdle).toBe(false);
  const answered = connection.answered();
  await reply(chat());
  await answered;
  expect([connection.isIdle, seen.acknowledged.length]).toEqual([true, 1]);
});

it('that messages were read is told after the ack of who marked them, and after the history of who joins', async () => {
  const { connection, seen, ask, open, reply } = connectBen();
  await open();
  const { chatId, id } = aMessage();
  const reading = aChatEvent({ id: 'r-1', type: 'messages_read', chatId, messageIds: [id], readBy: SHOPPER, readAt: SENT_AT });
  ask('mark_messages_read', { chat_id: CHAT, message_ids: [id] });
  await turn();
  seen.hear(reading);
  expect([namesOf(seen.frames), seen.acknowledged]).toEqual([['connected'], []]);
  await reply({ ok: true, result: { type: 'read', chatId, messageIds: [id], readAt: SENT_AT } });
  expect([namesOf(seen.frames), seen.acknowledged]).toMatchObject([['connected', 'messages_read'], [{ ok: true }]]);
  ask('join_chat', { chat_id: CHAT });
  await turn();
  seen.hear({ ...reading, id: 'r-2' });
  await reply(readChat(1));
  expect(namesOf(seen.frames)).toEqual(['connected', 'messages_read', 'chat_history', 'messages_read']);
  connection.onClose(null);
});

it('a newer token of the same user keeps it open', async () => {
  const { connection, seen, ask, open } = connectBen();
  await open();
  for (const token of ['older', 'of ana', 'newer', 'shorter']) {
    ask('auth:refresh', { token });
    await turn();
  }
  const refused = { ok: false, error: { code: 'unauthenticated' } };
  expect(seen.acknowledged).toMatchObject([refused, refused, { ok: true }, { ok: true }]);
  expect(connection.expiresAt).toBe(2000);
});
