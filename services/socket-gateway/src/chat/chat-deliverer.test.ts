import { type ChatEvent, UserId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { aChatEvent, MESSAGE, SENT_AT, SHOPPER, sent } from '../../test/chat-event.ts';
import { chatId, createSession, seqsOf, settle } from '../../test/chat-session.ts';
import type { ChatTelling } from '../dialects/otsy.ts';

it('a message that is heard twice is told once', () => {
  const { deliverer, told } = createSession();
  for (const seq of [5, 5, 6, 5, 6]) deliverer.hear(sent(seq));
  expect(seqsOf(told)).toEqual([5, 6]);
});

it('a missing message is read, and told before those that came after it', async () => {
  const { deliverer, told, chat, answerReads } = createSession();
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  deliverer.hear(sent(4));
  expect(seqsOf(told)).toEqual([1]);
  chat.committed = 4;
  await answerReads();
  deliverer.hear(sent(2));
  deliverer.hear(sent(5));
  expect(seqsOf(told)).toEqual([1, 2, 3, 4, 5]);
});

it('what is missing is looked for again while nobody answers', async () => {
  const { deliverer, told, chat, reads, answerReads } = createSession();
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  reads.shift()?.('unanswered');
  await settle();
  expect(seqsOf(told)).toEqual([1]);
  chat.committed = 3;
  void deliverer.checkBehind();
  await answerReads();
  expect(seqsOf(told)).toEqual([1, 2, 3]);
});

it('who is no member any more hears what was still meant for them, and nothing is read for them again', async () => {
  const { deliverer, told, reads } = createSession();
  for (const seq of [1, 3, 5]) deliverer.hear(sent(seq));
  reads.shift()?.('refused');
  await settle();
  expect(seqsOf(told)).toEqual([1, 3, 5]);
  void deliverer.checkAll();
  expect(reads).toEqual([]);
});

it('more than can be told one by one is told as the history', async () => {
  const { deliverer, told, chat, answerReads } = createSession();
  deliverer.hear(sent(1));
  chat.committed = 200;
  void deliverer.checkAll();
  await answerReads();
  deliverer.hear(sent(201));
  expect(told.map(({ type }) => type)).toEqual(['message_sent', 'history', 'message_sent']);
  expect(seqsOf(told)).toEqual([1, ...Array.from({ length: 50 }, (_, index) => 151 + index), 201]);
});

it('who joins hears the history first, then only what follows it', () => {
  const { deliverer, told, chat, opened } = createSession();
  chat.awaited = true;
  for (const seq of [2, 3, 4]) deliverer.hear(sent(seq));
  chat.committed = 3;
  deliverer.welcome(opened());
  chat.awaited = false;
  deliverer.release();
  expect(told.map(({ type }) => type)).toEqual(['history', 'message_sent']);
  expect(seqsOf(told)).toEqual([1, 2, 3, 4]);
});

it('a history that would fill the connection loses its oldest messages', () => {
  const { deliverer, told, opened, chat } = createSession();
  chat.committed = 50;
  const chatty = opened().messages.map((message) => ({ ...message, content: '満'.repeat(10_000) }));
  deliverer.welcome({ ...opened(), messages: chatty });
  const seqs = seqsOf(told);
  expect([seqs.length > 10, seqs.length < 20, seqs.at(-1)]).toEqual([true, true, 50]);
});

it('what else happens is told once each', () => {
  const { deliverer, told } = createSession();
  const read = aChatEvent({ id: 'r-1', type: 'messages_read', chatId, messageIds: [], readBy: SHOPPER, readAt: SENT_AT });
  const online = aChatEvent({ id: 'p-1', type: 'partner_online', userId: UserId.parse('eve') });
  for (const event of [read, online, read]) deliverer.hear(event);
  expect(told).toEqual([read, online]);
});

const readings = (count: number): ChatEvent[] =>
  Array.from({ length: count }, (_, index) =>
    aChatEvent({ id: `r-${index}`, type: 'messages_read', chatId, messageIds: [MESSAGE], readBy: SHOPPER, readAt: SENT_AT }),
  );

const [reading] = readings(1) as [ChatEvent];
const kindsOf = (told: readonly ChatTelling[]): string[] => told.map(({ type }) => type);

it('that messages were read is told after the answer that is awaited, once', () => {
  const { deliverer, told, chat } = createSession();
  chat.awaited = true;
  for (const event of [reading, reading]) deliverer.hear(event);
  expect(told).toEqual([]);
  chat.awaited = false;
  deliverer.release();
  deliverer.hear(reading);
  expect(told).toEqual([reading]);
});

it('that messages were read is told after the history that was read before', () => {
  const { deliverer, told, chat, opened } = createSession();
  chat.committed = 3;
  const history = opened();
  chat.awaited = true;
  deliverer.hear(reading);
  deliverer.welcome(history);
  chat.awaited = false;
  deliverer.release();
  expect(kindsOf(told)).toEqual(['history', 'messages_read']);
});

it('that messages were read is told after those that are missing', async () => {
  const { deliverer, told, chat, reads, answerReads } = createSession();
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  deliverer.hear(reading);
  reads.shift()?.('unanswered');
  await settle();
  deliverer.release();
  reads.shift()?.('unanswered');
  await settle();
  expect(seqsOf(told)).toEqual([1]);
  chat.committed = 3;
  void deliverer.checkBehind();
  await answerReads();
  expect(kindsOf(told)).toEqual(['message_sent', 'message_sent', 'message_sent', 'messages_read']);
});

it('that messages were read is told after those that may be missing', async () => {
  const { deliverer, told, chat, reads, answerReads } = createSession();
  deliverer.hear(sent(1));
  void deliverer.checkAll();
  reads.shift()?.('unanswered');
  await settle();
  deliverer.hear(reading);
  chat.committed = 2;
  void deliverer.checkBehind();
  await answerReads();
  expect(kindsOf(told)).toEqual(['message_sent', 'message_sent', 'messages_read']);
});

it('what was read of a chat meanwhile waits for the answer too', async () => {
  const { deliverer, told, chat, answerReads } = createSession();
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  chat.committed = 3;
  chat.awaited = true;
  deliverer.hear(reading);
  await answerReads();
  expect(seqsOf(told)).toEqual([1]);
  chat.awaited = false;
  deliverer.release();
  expect([seqsOf(told), kindsOf(told).at(-1)]).toEqual([[1, 2, 3], 'messages_read']);
});

it('what is missing before a message that came while the chat was read is read once more', async () => {
  const { deliverer, told, chat, reads, opened, answerReads } = createSession();
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  chat.committed = 3;
  const early = opened();
  chat.committed = 5;
  for (const event of [sent(5), reading]) deliverer.hear(event);
  reads.shift()?.(early);
  await settle();
  expect(seqsOf(told)).toEqual([1, 2, 3]);
  await answerReads();
  expect([seqsOf(told), kindsOf(told).at(-1)]).toEqual([[1, 2, 3, 4, 5], 'messages_read']);
});

it('what is nowhere to be found is not looked for again and again', async () => {
  const { deliverer, told, reads, opened } = createSession();
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  reads.shift()?.(opened());
  await settle();
  expect([seqsOf(told), reads]).toEqual([[1, 3], []]);
});

it('that messages were read is told too early rather than never, where too much waits', () => {
  const { deliverer, told, chat } = createSession();
  chat.awaited = true;
  for (const event of readings(300)) deliverer.hear(event);
  expect(told).toHaveLength(44);
  chat.awaited = false;
  deliverer.release();
  expect(told).toHaveLength(300);
});
