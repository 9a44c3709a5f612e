import type { Subscriber } from '@trunkline/bus';
import { type ChatEvent, type ChatNews, type ChatReply, type CloseReason, SessionId, type UnreadChat } from '@trunkline/contract';
import { createMetrics, type Identity } from '@trunkline/service-kit';
import { expect } from 'vitest';
import type { OutgoingChatCommand } from '../src/chat/chat-command-sender.ts';
import { ChatConnection } from '../src/chat/chat-connection.ts';
import { ChatMembers } from '../src/chat/chat-members.ts';
import { DatabaseClock } from '../src/database-clock.ts';
import type { EventFrame } from '../src/dialects/dialect.ts';
import { GATEWAY_METRICS } from '../src/gateway-metrics.ts';
import type { NotAdmitted } from '../src/session-reports.ts';
import { aMessage, SENT_AT, SHOPPER, sent, USER } from './chat-event.ts';

const IDENTITY: Identity = { userId: SHOPPER, name: 'Ben', avatar: null, role: 'shopper', deviceId: null, expiresAt: 1000 };

/** What each of these tokens says. */
const TOKENS: Readonly<Record<string, Identity>> = {
  newer: { ...IDENTITY, expiresAt: 2000 },
  shorter: IDENTITY,
  'of ana': { ...IDENTITY, userId: USER, expiresAt: 9000 },
};

/** Lets go on what can. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection of Ben, and every edge it touches. The test decides when Redis and call-service answer. */
export const connectBen = () => {
  const subscription = Promise.withResolvers<void>();
  const opened: ((admission: { events: []; unread?: UnreadChat[]; news?: ChatNews[]; refused: boolean } | NotAdmitted) => void)[] = [];
  const commands: { command: OutgoingChatCommand['command']; reply(reply: ChatReply): void }[] = [];
  const seen = {
    frames: [] as EventFrame[],
    told: [] as [string, EventFrame][],
    rooms: new Set<string>(),
    closedFor: [] as CloseReason[],
    reports: [] as string[],
    since: [] as (number | undefined)[],
    isHearing: true,
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
    isHearing: () => seen.isHearing,
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
        opened: ({ hears, since }) => {
          seen.reports.push(`opened for ${hears}`);
          seen.since.push(since);
          return new Promise((resolve) => opened.push(resolve));
        },
        closed: async ({ wasSilent }) => void seen.reports.push(wasSilent === true ? 'closed as silent' : 'closed'),
        giveUp: () => undefined,
      },
      subscriber,
      presence: { enter: () => seen.reports.push('present'), leave: () => seen.reports.push('absent') },
      clock,
      authenticate: async (token) => TOKENS[token ?? ''] ?? 'unauthenticated',
      commandsPerSecond: 100,
      metrics: createMetrics(GATEWAY_METRICS).of,
    },
    onEnd: (left) => {
      seen.left = left;
    },
  });
  const ask = (event: string, body: object): void => connection.onFrame({ event, body }, (answer) => seen.acknowledged.push(answer));
  const open = async (news: ChatNews[] = []): Promise<void> => {
    subscription.resolve();
    await turn();
    await admit(news);
  };
  /** Answers a report: this was said since when it asked. */
  const admit = async (news: ChatNews[] = []): Promise<void> => {
    opened.shift()?.({ events: [], news, refused: false });
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
  return { connection, seen, subscription, opened, commands, ask, open, admit, reply, chat };
};

export const namesOf = (frames: readonly EventFrame[]) => frames.map(({ event }) => event);

/** What call-service answers to who opens the chat: these are its last messages. */
export const readChat = (...seqs: number[]): ChatReply => {
  const messages = seqs.map((seq) => (sent(seq) as Extract<ChatEvent, { type: 'message_sent' }>).message);
  return { ok: true, result: { type: 'chat', chatId: aMessage().chatId, members: [USER, SHOPPER], messages } };
};
