import { ChatId } from '@trunkline/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sent } from '../../test/chat-event.ts';
import { chatId, createSession, seqsOf, settle } from '../../test/chat-session.ts';

const missed = (seq: number): { chatId: ChatId; seq: number }[] => [{ chatId, seq }];

it('what was missed of a chat that nothing was told of comes by itself, each message once', async () => {
  const { deliverer, told, chat, answerReads } = createSession();
  chat.committed = 8;
  deliverer.goOn(missed(6));
  void deliverer.checkAll();
  await answerReads();
  deliverer.hear(sent(8));
  deliverer.hear(sent(9));
  expect(told.map(({ type }) => type)).toEqual(['message_sent', 'message_sent', 'message_sent']);
  expect(seqsOf(told)).toEqual([7, 8, 9]);
});

it('the first message of a chat waits while an earlier one may be missing, and comes after it', async () => {
  const { deliverer, told, chat, answerReads } = createSession();
  chat.unsure = true;
  deliverer.hear(sent(8));
  expect(told).toEqual([]);
  chat.committed = 8;
  chat.unsure = false;
  deliverer.goOn(missed(6));
  await answerReads();
  expect(seqsOf(told)).toEqual([7, 8]);
});

it('a chat of which nothing is missing begins with what waited', () => {
  const { deliverer, told, reads, chat } = createSession();
  chat.unsure = true;
  deliverer.hear(sent(8));
  chat.unsure = false;
  deliverer.goOn([]);
  expect([seqsOf(told), reads]).toEqual([[8], []]);
});

it('of a chat that was told of, what is said to be missing is none of it', () => {
  const { deliverer, told, reads } = createSession();
  deliverer.hear(sent(1));
  deliverer.goOn(missed(0));
  deliverer.hear(sent(2));
  deliverer.goOn(missed(7));
  deliverer.hear(sent(3));
  expect([seqsOf(told), reads]).toEqual([[1, 2, 3], []]);
});

it('a chat that nothing was told of and of which too much waited is told as its history', async () => {
  const { deliverer, told, chat, answerReads } = createSession();
  chat.unsure = true;
  for (let time = 0; time < 300; time += 1) deliverer.hear(sent(3));
  chat.committed = 3;
  deliverer.release();
  await answerReads();
  expect(told.map(({ type }) => type)).toEqual(['history']);
  expect(seqsOf(told)).toEqual([1, 2, 3]);
});

it('of very many chats, those that were written in last are known for longest', () => {
  const { deliverer } = createSession();
  const [last, before, ...others] = Array.from({ length: 257 }, (_, index) =>
    ChatId.parse(`018f9e60-0000-7000-8000-${String(index).padStart(12, '0')}`),
  ) as [ChatId, ChatId, ...ChatId[]];
  deliverer.goOn([last, before].map((each) => ({ chatId: each, seq: 6 })));
  for (const other of others) deliverer.hear(sent(1, other));
  expect([deliverer.knows(last), deliverer.knows(before)]).toEqual([true, false]);
});

type Session = ReturnType<typeof createSession>;

/** What can happen, `back` being how far back a message is that the bus brings: late, early, twice or never. */
const HAPPENS = {
  hear: ({ deliverer, chat }: Session, back: number) => deliverer.hear(sent(Math.max(1, chat.committed - back))),
  commit: ({ chat }: Session) => {
    chat.committed += 1;
  },
  answer: ({ reads, opened }: Session) => reads.shift()?.(opened()),
  answerLate: ({ reads: [first], reads }: Session) => void (first !== undefined && reads.shift()?.(first.asked)),
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
      'answerLate',
      'fail',
      'check',
      'await',
      'release',
    ),
    back: fc.nat(5),
  }),
  { maxLength: 60 },
);

/** Nothing is awaited any more, and what the bus lost at the end is looked for. */
const untilQuiet = async (session: ReturnType<typeof createSession>): Promise<void> => {
  HAPPENS.release(session);
  await session.answerReads();
  HAPPENS.check(session);
  await session.answerReads();
};

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
      await untilQuiet(session);
      expect(seqsOf(session.told)).toEqual(Array.from({ length: session.chat.committed }, (_, index) => index + 1));
    }),
    { numRuns: 300 },
  );
});

const FIRST_MISSED = 4;

it('so is a chat that nothing was told of, from the opening on, whatever a gap lost before anything of it was heard', async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, someSteps, async (before, after) => {
      const session = createSession();
      session.chat.committed = FIRST_MISSED;
      session.chat.unsure = true;
      for (const { what, back } of before) {
        HAPPENS[what](session, Math.min(back, session.chat.committed - FIRST_MISSED));
        await settle();
      }
      session.chat.unsure = false;
      session.deliverer.goOn(missed(FIRST_MISSED - 1));
      for (const { what, back } of after) {
        HAPPENS[what](session, back);
        await settle();
      }
      await untilQuiet(session);
      const expected = Array.from({ length: session.chat.committed }, (_, index) => index + 1).slice(FIRST_MISSED - 1);
      expect(seqsOf(session.told)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
