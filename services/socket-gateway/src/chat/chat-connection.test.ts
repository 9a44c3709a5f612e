import type { Subscriber } from '@trunkline/bus';
import { type ChatEvent, type ChatReply, type CloseReason, refusal, SessionId, type UnreadChat } from '@trunkline/contract';
import { createMetrics, type Identity } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { aChatEvent, aMessage, CHAT, OTHER_CHAT, SENT_AT, SHOPPER, sent, USER } from '../../test/chat-event.ts';
import { DatabaseClock } from '../database-clock.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { GATEWAY_METRICS } from '../gateway-metrics.ts';
import { MAX_QUEUED_BYTES } from '../transports/transport.ts';
import type { OutgoingChatCommand } from './chat-command-sender.ts';
import { ChatConnection } from './chat-connection.ts';
import { ChatMembers } from './chat-members.ts';

const IDENTITY: Identity = { userId: SHOPPER, name: 'Ben', avatar: null, role: 'shopper', deviceId: null, expiresAt: 1000 };
const MY_SEAT = `chat:${CHAT}:ben`;
const OTHER_SEAT = `chat:${CHAT}:ana`;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection of Ben, and every edge it touches. The test decides when Redis and call-service answer. */
const connect = () => {
  const subscription = Promise.withResolvers<void>();
  const opened: ((admission: { events: []; unread?: UnreadChat[]; refused: boolean } | null) => void)[] = [];
  const commands: { command: OutgoingChatCommand['command']; reply(reply: ChatReply): void }[] = [];
  const seen = {
    frames: [] as EventFrame[],
    told: [] as [string, EventFrame][],
    rooms: new Set<string>(),
    closedFor: [] as CloseReason[],
    reports: [] as string[],
    acknowledged: [] as unknown[],
    queuedBytes: 0,
    left: null as Promise<void> | null,
    hear: (_event: ChatEvent): void => undefined,
  };
  const subscriber: Subscriber = {
    subscribe: () => expect.unreachable('a chat session hears no calls'),
    subscribeToChats: (_userId, listener) => {
      seen.hear = listener;
      return { inForce: subscription.promise, end: () => seen.reports.push('unsubscribed') };
    },
    tell: () => undefined,
    onNotice: () => undefined,
    onGapEnded: () => undefined,
    isHearing: () => true,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const clock = new DatabaseClock(() => 0);
  clock.learn({ databaseNow: SENT_AT, sentAt: 0, receivedAt: 0 });
  const connection = new ChatConnection({
    sessionId: SessionId.parse('ben-s1'),
    identity: IDENTITY,
    socket: {
      write: (frame) => seen.frames.push(frame) > 0,
      probe: () => undefined,
      queuedBytes: () => seen.queuedBytes,
      close: (reason) => seen.closedFor.push(reason),
      enter: async (room) => void seen.rooms.add(room),
      leave: (room) => void seen.rooms.delete(room),
      tell: (room, frame) => seen.told.push([room, frame]),
    },
    services: {
      sendChatCommand: ({ command }) => new Promise((reply) => commands.push({ command, reply })),
      members: new ChatMembers(),
      reports: {
        hasRoom: () => true,
        opened: ({ hears }) => {
          seen.reports.push(`opened for ${hears}`);
          return new Promise((resolve) => opened.push(resolve));
        },
        closed: async ({ wasSilent }) => void seen.reports.push(wasSilent === true ? 'closed as silent' : 'closed'),
        giveUp: () => undefined,
      },
      subscriber,
      presence: { enter: () => seen.reports.push('present'), leave: () => seen.reports.push('absent') },
      clock,
      authenticate: async (token) => (token === 'newer' ? { ...IDENTITY, expiresAt: 2000 } : 'unauthenticated'),
      commandsPerSecond: 100,
      metrics: createMetrics(GATEWAY_METRICS).of,
    },
    onEnd: (left) => {
      seen.left = left;
    },
  });
  const ask = (event: string, body: object): void => connection.onFrame({ event, body }, (answer) => seen.acknowledged.push(answer));
  const open = async (): Promise<void> => {
    subscription.resolve();
    await turn();
    opened.shift()?.({ events: [], refused: false });
    await turn();
  };
  const reply = async (given: ChatReply): Promise<void> => {
    commands.shift()?.reply(given);
    await turn();
  };
  const chat = (lastSeq = 1): ChatReply => {
    const { chatId } = aMessage();
    const messages = lastSeq === 0 ? [] : [aMessage({ seq: lastSeq })];
    return { ok: true, result: { type: 'chat', chatId, members: [USER, SHOPPER], messages } };
  };
  return { connection, seen, subscription, opened, commands, ask, open, reply, chat };
};

const names = (frames: readonly EventFrame[]) => frames.map(({ event }) => event);
const notAllowed: ChatReply = { ok: false, error: { ...refusal('unauthorized'), field: 'chat_id' } };

describe('opening', () => {
  it('hears first, is reported next, then greets, and then tells what it heard meanwhile', async () => {
    const { seen, subscription, opened, commands, ask } = connect();
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
    expect(names(seen.frames)).toEqual(['connected', 'unread_counts', 'new_message']);
    expect(commands.map(({ command }) => command)).toEqual([{ type: 'open_chat', chatId: CHAT, takesSeat: true }]);
  });

  it('that no call-service takes answers what waits, and closes so that the client comes back', async () => {
    const { seen, subscription, opened, ask } = connect();
    ask('join_chat', { chat_id: CHAT });
    subscription.resolve();
    await turn();
    opened.shift()?.(null);
    await turn();
    expect(seen.acknowledged).toMatchObject([{ ok: false, error: { code: 'service_error' } }]);
    expect([names(seen.frames), seen.closedFor]).toEqual([['connection:closing'], ['unavailable']]);
  });

  it('of one connection too many closes it', async () => {
    const { seen, subscription, opened } = connect();
    subscription.resolve();
    await turn();
    opened.shift()?.({ events: [], refused: true });
    await turn();
    expect(seen.closedFor).toEqual(['too_many_connections']);
  });
});

describe('a joined chat', () => {
  it('has a seat for its member, and others hear of it in theirs', async () => {
    const { seen, ask, open, reply, chat } = connect();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    expect([[...seen.rooms], names(seen.frames)]).toEqual([[MY_SEAT], ['connected', 'chat_history']]);
    expect(seen.told.map(([room, { event }]) => [room, event])).toEqual([[OTHER_SEAT, 'user_joined']]);
    expect(seen.acknowledged).toEqual([{ ok: true }]);
  });

  it('is left by a socket that is gone, typing and all', async () => {
    const { connection, seen, ask, open, reply, chat } = connect();
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
    const { connection, seen, open } = connect();
    await open();
    connection.onClose('silent');
    await seen.left;
    expect(seen.reports.at(-1)).toBe('closed as silent');
  });

  it('is not entered by a socket that went while it was asked for', async () => {
    const { connection, seen, ask, open, reply, chat } = connect();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    connection.onClose(null);
    await reply(chat());
    await seen.left;
    expect([[...seen.rooms], seen.told, seen.acknowledged]).toEqual([[], [], []]);
  });

  it.each(['send_message', 'mark_messages_read'])('is left when %s finds that the member is none any more', async (event) => {
    const { seen, ask, open, reply, chat } = connect();
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
    const { seen, ask, open, reply, chat } = connect();
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
    const { seen, commands, ask, open, reply, chat } = connect();
    await open();
    ask('join_chat', { chat_id: CHAT });
    await turn();
    await reply(chat());
    seen.hear(aChatEvent({ type: 'member_removed', chatId: CHAT, userId: SHOPPER }));
    expect([[...seen.rooms], names(seen.frames)]).toEqual([[], ['connected', 'chat_history', 'user_left']]);
    ask('typing_indicator', { chat_id: CHAT, action: 'start' });
    await turn();
    expect(commands.map(({ command }) => command.type)).toEqual(['open_chat']);
    await reply(notAllowed);
    expect(seen.acknowledged[1]).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    expect(names(seen.told.map(([, frame]) => frame))).toEqual(['user_joined']);
  });
});

it('a client that does not read what rooms tell it is closed', async () => {
  const { connection, seen, open } = connect();
  await open();
  seen.queuedBytes = MAX_QUEUED_BYTES + 1;
  connection.onTold({ event: 'user_joined', body: {} });
  expect(seen.closedFor).toEqual(['too_slow']);
});

it('a message that was taken is sent, also when its socket is gone by then, and the close is reported after it', async () => {
  const { connection, seen, commands, ask, open, reply } = connect();
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

it('it is sent away when what its client asked is answered', async () => {
  const { connection, seen, ask, open, reply, chat } = connect();
  await open();
  ask('join_chat', { chat_id: CHAT });
  await turn();
  connection.sendAway('going_away');
  await turn();
  expect(seen.closedFor).toEqual([]);
  await reply(chat());
  await expect.poll(() => seen.closedFor).toEqual(['going_away']);
  expect(seen.acknowledged).toHaveLength(1);
});

it('after a gap the session is reported anew, and what it missed of a chat is told', async () => {
  const { connection, seen, opened, ask, open, reply, chat } = connect();
  await open();
  ask('join_chat', { chat_id: CHAT });
  await turn();
  await reply(chat(1));
  connection.refresh();
  await turn();
  opened.shift()?.({ events: [], refused: false });
  await turn();
  await reply(chat(2));
  expect(names(seen.frames)).toEqual(['connected', 'chat_history', 'new_message']);
});

it('after a gap a chat that it joined has its seat taken anew, and one that it only heard of has not', async () => {
  const { connection, seen, opened, commands, ask, open, reply, chat } = connect();
  await open();
  ask('join_chat', { chat_id: CHAT });
  await turn();
  await reply(chat(1));
  seen.hear(sent(1, OTHER_CHAT));
  connection.refresh();
  await turn();
  opened.shift()?.({ events: [], refused: false });
  await turn();
  expect(commands[0]?.command).toEqual({ type: 'open_chat', chatId: CHAT, takesSeat: true });
  await reply(chat(1));
  expect(commands[0]?.command).toEqual({ type: 'open_chat', chatId: OTHER_CHAT, takesSeat: false });
});

it('a chat that is left while its seat is taken anew is left for good', async () => {
  const { connection, seen, opened, commands, ask, open, reply, chat } = connect();
  await open();
  ask('join_chat', { chat_id: CHAT });
  await turn();
  await reply(chat(1));
  connection.refresh();
  await turn();
  opened.shift()?.({ events: [], refused: false });
  await turn();
  ask('leave_chat', { chat_id: CHAT });
  await turn();
  expect(commands.map(({ command }) => command.type)).toEqual(['open_chat', 'leave_chat']);
  await reply(chat(1));
  // The first may have come before the opening.
  expect(commands.map(({ command }) => command)).toEqual([
    { type: 'leave_chat', chatId: CHAT },
    { type: 'leave_chat', chatId: CHAT },
  ]);
  expect([...seen.rooms]).toEqual([]);
});

it('a newer token of the same user keeps it open', async () => {
  const { connection, seen, ask, open } = connect();
  await open();
  ask('auth:refresh', { token: 'older' });
  await turn();
  ask('auth:refresh', { token: 'newer' });
  await turn();
  expect(seen.acknowledged).toMatchObject([{ ok: false, error: { code: 'unauthenticated' } }, { ok: true }]);
  expect(connection.expiresAt).toBe(2000);
});
