import { ChatId, UserId } from '@trunkline/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aChatEvent, aMessage, CHAT, SENT_AT, SHOPPER, sent, USER } from '../../test/chat-event.ts';
import type { ChatTelling } from '../dialects/otsy.ts';
import { ChatDeliverer, type OpenedChat } from './chat-deliverer.ts';

const chatId = ChatId.parse(CHAT);
const LAST = 50;

/** A session with the chat as call-service has it. The test decides when, and what, call-service answers. */
const createSession = () => {
  const told: ChatTelling[] = [];
  const reads: ((opened: OpenedChat | 'refused' | 'unanswered') => void)[] = [];
  const chat = { committed: 0, awaited: false };
  const deliverer = new ChatDeliverer({
    tell: (telling) => told.push(telling),
    read: () => new Promise((resolve) => reads.push(resolve)),
    awaits: () => chat.awaited,
  });
  const opened = (): OpenedChat => {
    const seqs = Array.from({ length: chat.committed }, (_, index) => index + 1).slice(-LAST);
    const messages = seqs.map((seq) => sent(seq)).map((event) => (event.type === 'message_sent' ? event.message : aMessage()));
    return { type: 'chat', chatId, members: [USER, SHOPPER], messages };
  };
  const answerReads = async (): Promise<void> => {
    while (reads.length > 0) {
      reads.shift()?.(opened());
      await settle();
    }
  };
  return { deliverer, told, reads, chat, opened, answerReads };
};

/** Everything that was resolved has had its say. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

const seqsOf = (told: readonly ChatTelling[]): number[] =>
  told.flatMap((telling) => {
    if (telling.type === 'message_sent') return [telling.message.seq];
    return telling.type === 'history' ? telling.messages.map(({ seq }) => seq) : [];
  });

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
  deliverer.hear(sent(1));
  deliverer.hear(sent(3));
  reads.shift()?.('refused');
  await settle();
  expect(seqsOf(told)).toEqual([1, 3]);
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

type Session = ReturnType<typeof createSession>;

/** What can happen, `back` being how far back a message is that the bus brings: late, early, twice or never. */
const HAPPENS = {
  hear: ({ deliverer, chat }: Session, back: number) => deliverer.hear(sent(Math.max(1, chat.committed - back))),
  commit: ({ chat }: Session) => {
    chat.committed += 1;
  },
  answer: ({ reads, opened }: Session) => reads.shift()?.(opened()),
  fail: ({ reads }: Session) => reads.shift()?.('unanswered'),
  check: ({ deliverer }: Session) => void deliverer.checkAll(),
  await: ({ chat }: Session) => {
    chat.awaited = true;
  },
  release: ({ chat, deliverer }: Session) => {
    chat.awaited = false;
    deliverer.release();
  },
} as const;

const someSteps = fc.array(
  fc.record({
    what: fc.constantFrom<keyof typeof HAPPENS>(
      'hear',
      'hear',
      'hear',
      'commit',
      'commit',
      'commit',
      'answer',
      'fail',
      'check',
      'await',
      'release',
    ),
    back: fc.nat(5),
  }),
  { maxLength: 60 },
);

it('is without a gap, a double or a swap, whatever the bus loses, doubles and swaps', async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, async (steps) => {
      const session = createSession();
      session.chat.committed = 1;
      session.deliverer.hear(sent(1));
      for (const { what, back } of steps) {
        HAPPENS[what](session, back);
        await settle();
      }
      HAPPENS.release(session);
      await session.answerReads();
      HAPPENS.check(session);
      await session.answerReads();
      expect(seqsOf(session.told)).toEqual(Array.from({ length: session.chat.committed }, (_, index) => index + 1));
    }),
    { numRuns: 300 },
  );
});
