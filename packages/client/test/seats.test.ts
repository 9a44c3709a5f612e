import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatClient } from '../src/chat/chat-client.ts';
import { type Sent, startLine } from './line-stand-in.ts';

const COMMAND_TIMEOUT_MS = 30_000;
/** Longer than any pause before another try. */
const LONG_MS = 120_000;

const unasked = () => Promise.reject(new Error('nobody asks'));

let chat: ChatClient;
let wire: ReturnType<typeof startLine>;
/** The codes of what came as `error`. */
let errors: string[];

const words = (): string[] => wire.sent.map(({ word }) => word);
const last = (): Sent => wire.sent.at(-1) as Sent;
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const answer = (one = last()) => one.answer({ ok: true });
const refuse = (code: string) => last().answer({ ok: false, error: { code, message: '' } });

const connect = async (): Promise<void> => {
  wire = startLine();
  chat.connected(wire.line);
  await pass(0);
};

const lose = async (): Promise<void> => {
  chat.disconnected();
  for (const one of wire.sent) await one.miss('lost');
};

const answerAll = async (): Promise<void> => {
  for (const one of wire.sent) await answer(one);
};

/** What a connection that follows this one is asked. */
const askedNext = async (): Promise<string[]> => {
  await lose();
  await connect();
  await answerAll();
  return words();
};

const join = async (): Promise<void> => {
  const joining = chat.join('c');
  await answer();
  await joining;
};

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const api = { create: unasked, list: unasked, messages: unasked };
  const quiet = { onAdded: () => undefined, onSilent: () => undefined };
  chat = new ChatClient({ api, ackTimeoutMs: 5000, commandTimeoutMs: COMMAND_TIMEOUT_MS, ...quiet });
  errors = [];
  chat.on('error', ({ error }) => errors.push(error.code));
  await connect();
});
afterEach(() => {
  chat.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a chat that is joined', () => {
  beforeEach(join);

  it('is joined again by the first connection after an outage in which that ran out of time', async () => {
    await lose();
    await connect();
    await lose();
    await pass(COMMAND_TIMEOUT_MS + LONG_MS);
    expect([errors, chat.waiting]).toEqual([['timed_out'], 0]);
    await connect();
    expect(words()).toEqual(['join_chat']);
    await answer();
    expect([await askedNext(), errors]).toEqual([['join_chat'], ['timed_out']]);
  });

  it('is joined again after a pause, as often as it takes, by a connection that stays', async () => {
    await lose();
    await connect();
    for (const tries of [1, 2, 3]) {
      await refuse('rate_limited');
      expect([words().length, errors.length]).toEqual([tries, tries]);
      await vi.advanceTimersToNextTimerAsync();
      expect(words().length).toBe(tries + 1);
    }
    await answer();
    await pass(LONG_MS);
    expect([words(), errors]).toEqual([Array(4).fill('join_chat'), Array(3).fill('rate_limited')]);
    expect(await askedNext()).toEqual(['join_chat']);
  });

  it('is joined again where a connection that stays left it unanswered until its time was over', async () => {
    await lose();
    await connect();
    await pass(COMMAND_TIMEOUT_MS);
    expect(errors).toEqual(['timed_out']);
    await vi.advanceTimersToNextTimerAsync();
    expect(words()).toEqual(['join_chat', 'join_chat']);
    await answer();
    expect(chat.waiting).toBe(0);
  });

  it.each(['unauthorized', 'chat_not_found', 'parse_error'])('is forgotten when the server answers `%s`', async (code) => {
    await lose();
    await connect();
    await refuse(code);
    await pass(LONG_MS);
    expect([words(), errors]).toEqual([['join_chat'], [code]]);
    expect(await askedNext()).toEqual([]);
  });

  it('stays so where the app joins it once more and that fails', async () => {
    const joining = chat.join('c');
    const failed = expect(joining).rejects.toMatchObject({ code: 'rate_limited' });
    await refuse('rate_limited');
    await failed;
    expect([await askedNext(), errors]).toEqual([['join_chat'], []]);
  });

  it('is joined once by a connection, and fails once, however many connections are lost meanwhile', async () => {
    for (const _loss of [1, 2, 3]) {
      await lose();
      await connect();
      expect(words()).toEqual(['join_chat']);
    }
    await refuse('rate_limited');
    expect(errors).toEqual(['rate_limited']);
  });

  it.each([
    ['is on its way', () => Promise.resolve()],
    ['waits for another try', () => refuse('rate_limited')],
  ])('and left while its joining again %s is joined no more', async (_when, until) => {
    await lose();
    await connect();
    await until();
    const leaving = chat.leave('c');
    await answerAll();
    await leaving;
    await pass(LONG_MS);
    expect(words()).toEqual(['join_chat', 'leave_chat']);
    expect(await askedNext()).toEqual([]);
  });

  it('says nothing of a joining again that the app no longer wants, or that ends with the client', async () => {
    await lose();
    await connect();
    const leaving = expect(chat.leave('c')).rejects.toMatchObject({ code: 'timed_out' });
    await pass(COMMAND_TIMEOUT_MS);
    await leaving;
    await join();
    await lose();
    await connect();
    chat.close();
    await pass(0);
    expect(errors).toEqual([]);
  });
});

describe('a first join that rejects', () => {
  it('for want of a connection is not made up for later', async () => {
    await lose();
    const failed = expect(chat.join('c')).rejects.toMatchObject({ code: 'timed_out', wasSent: false });
    await pass(COMMAND_TIMEOUT_MS);
    await failed;
    await connect();
    expect([words(), errors]).toEqual([[], []]);
  });

  it('with what may pass is not made up for later either', async () => {
    const failed = expect(chat.join('c')).rejects.toMatchObject({ code: 'rate_limited' });
    await refuse('rate_limited');
    await failed;
    await pass(LONG_MS);
    expect([words(), await askedNext(), errors]).toEqual([['join_chat'], [], []]);
  });
});

describe('what was said last counts', () => {
  /** The first, as many as `answered`, have their answers when the connection is lost. */
  const loseAfter = async (answered: number): Promise<void> => {
    for (let index = 0; index < answered; index += 1) await answer(wire.sent[index]);
    await lose();
    await connect();
    await answerAll();
  };

  it('join, leave and join again at once end joined', async () => {
    const first = chat.join('c');
    const leaving = chat.leave('c');
    const second = chat.join('c');
    const [settledLeave, settledSecond] = [vi.fn(), vi.fn()];
    void leaving.then(settledLeave);
    void second.then(settledSecond);
    expect([second === first, chat.join('c') === second, words()]).toEqual([false, true, ['join_chat']]);
    await answer();
    await first;
    await answer();
    expect([settledLeave.mock.calls.length, settledSecond.mock.calls.length]).toEqual([1, 0]);
    expect(words()).toEqual(['join_chat', 'leave_chat', 'join_chat']);
    await answer();
    await second;
    expect(await askedNext()).toEqual(['join_chat']);
  });

  it.each([0, 1, 2, 3])('also where the connection is lost after %i of their answers', async (answered) => {
    const said = Promise.all([chat.join('c'), chat.leave('c'), chat.join('c')]);
    await loseAfter(answered);
    await said;
    expect(words().at(-1)).toBe('join_chat');
    expect(await askedNext()).toEqual(['join_chat']);
  });

  it.each([
    [0, ['join_chat', 'leave_chat']],
    [1, ['leave_chat']],
    [2, []],
  ])('and join and leave end left, where it is lost after %i of their answers', async (answered, askedAgain) => {
    const said = Promise.all([chat.join('c'), chat.leave('c')]);
    await loseAfter(answered);
    await said;
    expect(words()).toEqual(askedAgain);
    expect(await askedNext()).toEqual([]);
  });

  it('a join that fails after it was left takes nothing from the one that follows', async () => {
    const first = expect(chat.join('c')).rejects.toMatchObject({ code: 'unauthorized' });
    const leaving = chat.leave('c');
    const second = chat.join('c');
    await refuse('unauthorized');
    await first;
    await answerAll();
    await Promise.all([leaving, second]);
    expect(await askedNext()).toEqual(['join_chat']);
  });
});
