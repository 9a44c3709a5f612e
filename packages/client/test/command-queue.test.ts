import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandQueue } from '../src/command-queue.ts';
import type { Line } from '../src/line.ts';
import type { Ack } from '../src/wire.ts';
import { type Sent, startLine } from './line-stand-in.ts';

let wire: ReturnType<typeof startLine>;
let line: Line | null;
const onAdded = vi.fn();
const onSilent = vi.fn();
let queue: CommandQueue;

const ask = (word: string, lane: string | null = null, timeoutMs = 10_000) => {
  const asked = queue.ask(word, { requestId: `of ${word}` }, { lane, timeoutMs });
  asked.catch(() => undefined);
  return asked;
};
const words = (): string[] => wire.sent.map(({ word }) => word);
const last = (): Sent => wire.sent.at(-1) as Sent;

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  wire = startLine();
  line = wire.line;
  queue = new CommandQueue({ ackTimeoutMs: 5000, line: () => line, onAdded, onSilent });
});
afterEach(() => void vi.useRealTimers());

describe('a command', () => {
  it('is sent at once and settled by its answer', async () => {
    const [done, refused] = [ask('a'), ask('b')];
    await wire.sent[0]?.answer({ ok: true, more: 1 } as Ack);
    await wire.sent[1]?.answer({ ok: false, error: { code: 'invalid_status', message: 'too late', callId: 'C', status: 'ENDED' } });
    await expect(done).resolves.toEqual({ ok: true, more: 1 });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_status', message: 'too late', status: 'ENDED', callId: 'C' });
    expect([queue.size, onAdded.mock.calls.length]).toEqual([0, 2]);
  });

  it('goes out as it is, however often, until it has an answer', async () => {
    const done = ask('a');
    await last().miss('silence');
    line = null;
    await last().miss('lost');
    line = wire.line;
    queue.connected();
    await last().answer({ ok: true });
    await done;
    expect(wire.sent.map(({ body }) => body)).toEqual(Array(3).fill({ requestId: 'of a' }));
  });

  it('waits for a connection', async () => {
    line = null;
    void ask('a');
    expect(words()).toEqual([]);
    line = wire.line;
    queue.connected();
    expect(words()).toEqual(['a']);
  });

  it('is given up at its deadline, and says whether it was sent', async () => {
    const sent = ask('a');
    line = null;
    const unsent = ask('b');
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(sent).rejects.toMatchObject({ code: 'timed_out', wasSent: true });
    await expect(unsent).rejects.toMatchObject({ code: 'timed_out', wasSent: false });
    line = wire.line;
    queue.connected();
    await last().answer({ ok: true });
    expect([words(), queue.size]).toEqual([['a'], 0]);
  });

  it('is sent again after an error of the server, later and later', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    const done = ask('a');
    for (const pause of [249, 499, 999]) {
      await last().answer({ ok: false, error: { code: 'service_error', message: '' } });
      const before = words().length;
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(words()).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(words()).toHaveLength(before + 1);
    }
    await last().answer({ ok: true });
    await done;
  });

  it('left unanswered twice says that the connection is silent; a new one counts anew', async () => {
    void ask('a');
    await last().miss('silence');
    queue.connected();
    await last().miss('silence');
    expect(onSilent).not.toHaveBeenCalled();
    await last().miss('silence');
    expect(onSilent).toHaveBeenCalledTimes(1);
  });
});

describe('a command that no frame holds', () => {
  const askWith = (text: string) => queue.ask('send', { text }, { lane: null, timeoutMs: 10_000 });
  /** So many bytes of the frame are left for the text: it has its word, the quotes around it, and what Socket.IO puts before it. */
  const roomFor = (before: number): number => 65_536 - before - '["send",{"text":""}]'.length;

  it('is refused before anything is sent, and keeps the connection for the others', async () => {
    await expect(askWith('x'.repeat(70_000))).rejects.toMatchObject({ code: 'parse_error', wasSent: false });
    void ask('a');
    expect([words(), queue.size, onAdded.mock.calls.length]).toEqual([['a'], 1, 1]);
  });

  it('is measured in the bytes that go over the wire, with those of its number and its namespace', async () => {
    const room = roomFor('42/chat,9007199254740991'.length);
    const fitting = ['x'.repeat(room), '会'.repeat(room / 3), '\u0001'.repeat(room / 6)];
    for (const text of fitting) askWith(text).catch(() => undefined);
    expect(words()).toHaveLength(fitting.length);
    for (const text of fitting)
      await expect(askWith(`${text}${text.slice(0, 1)}xxxxxx`)).rejects.toMatchObject({ code: 'parse_error', wasSent: false });
    expect(words()).toHaveLength(fitting.length);
  });
});

it('takes nothing once it is closed', async () => {
  const left = ask('a');
  queue.close();
  await expect(left).rejects.toMatchObject({ code: 'closed', wasSent: true });
  await expect(ask('b')).rejects.toMatchObject({ code: 'closed', wasSent: false });
  expect([words(), queue.size, onAdded.mock.calls.length]).toEqual([['a'], 0, 1]);
});

describe('a lane', () => {
  it('has one command under way at a time, and holds up no other lane', async () => {
    for (const [word, lane] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['b1', 'b'],
      ['free', null],
    ] as const)
      void ask(word, lane);
    expect(words()).toEqual(['a1', 'b1', 'free']);
    await wire.sent[0]?.answer({ ok: false, error: { code: 'service_error', message: '' } });
    expect(words()).toEqual(['a1', 'b1', 'free']);
    await vi.advanceTimersByTimeAsync(250);
    await last().answer({ ok: true });
    expect(words()).toEqual(['a1', 'b1', 'free', 'a1', 'a2']);
  });

  it('goes on after a deadline', async () => {
    void ask('a1', 'a', 100);
    void ask('a2', 'a');
    await vi.advanceTimersByTimeAsync(100);
    expect(words()).toEqual(['a1', 'a2']);
  });
});

describe('a queue', () => {
  it('gives back what never was sent, and nothing else', async () => {
    void ask('place', 'a');
    line = null;
    const unsent = ask('place', 'b');
    expect([queue.withdraw('a', 'place'), queue.withdraw('b', 'other'), queue.withdraw('b', 'place')]).toEqual([false, false, true]);
    await expect(unsent).rejects.toMatchObject({ code: 'withdrawn' });
  });

  it('sends no more at once than the server takes', async () => {
    for (let index = 0; index < 40; index += 1) void ask(`${index}`);
    expect(words()).toHaveLength(32);
    await wire.sent[0]?.answer({ ok: true });
    expect(words()).toHaveLength(33);
  });

  it('is bounded', async () => {
    line = null;
    for (let index = 0; index < 256; index += 1) void ask(`${index}`);
    await expect(ask('one more')).rejects.toMatchObject({ code: 'queue_full' });
  });

  it('that is closed rejects what is left, without an error nobody expects', async () => {
    const [sent, other] = [ask('a'), ask('b')];
    queue.close();
    await expect(sent).rejects.toMatchObject({ code: 'closed', wasSent: true });
    await expect(other).rejects.toMatchObject({ code: 'closed' });
    await vi.advanceTimersByTimeAsync(20_000);
  });
});
