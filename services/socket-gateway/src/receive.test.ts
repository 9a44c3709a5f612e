import { type Actor, CallId, type CloseReason, type CommandReply, refusal, SessionId, UserId } from '@trunkline/contract';
import { createMetrics } from '@trunkline/service-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ANA, aCall, BEN } from '../test/call-event.ts';
import type { OutgoingCommand } from './command-sender.ts';
import { chattrix } from './dialects/chattrix.ts';
import type { EventFrame, JsonFrame, Reply } from './dialects/dialect.ts';
import { onlycare } from './dialects/onlycare.ts';
import { GATEWAY_METRICS } from './gateway-metrics.ts';
import { Receiver } from './receive.ts';

const actor: Actor = { userId: BEN, name: null, avatar: null, role: null, deviceId: null, sessionId: SessionId.parse('ben-s1') };
const DONE: CommandReply = { ok: true, call: aCall() };

/** A receiver whose commands are answered one by one, by `answerNext`. */
const createReceiver = (commandsPerSecond = 200) => {
  const metrics = createMetrics(GATEWAY_METRICS);
  const sent: OutgoingCommand[] = [];
  const answers: { reply: Reply; callId: string | null }[] = [];
  const ended: string[] = [];
  const closed: CloseReason[] = [];
  const open: ((reply: CommandReply) => void)[] = [];
  const wanted: (() => boolean)[] = [];
  const seen = { isClosed: false };
  const receiver = new Receiver<EventFrame>({
    actor,
    dialect: onlycare,
    services: {
      commandsPerSecond,
      sendCommand: (command, isWanted = () => true) => {
        sent.push(command);
        wanted.push(isWanted);
        return new Promise((resolve) => open.push(resolve));
      },
      metrics: metrics.of,
    },
    asker: {
      noteEnding: (callId) => ended.push(callId),
      answer: (reply, { callId }) => answers.push({ reply, callId }),
      refreshToken: async () => ({ ok: true, call: null }),
      close: (reason) => closed.push(reason),
      isClosed: () => seen.isClosed,
    },
  });
  const accept = (callId: string): void => receiver.receive({ event: 'call:accept', body: { callId } }, null);
  const answerNext = async (reply: CommandReply = DONE): Promise<void> => {
    const before = answers.length;
    open.shift()?.(reply);
    await expect.poll(() => answers.length).toBe(before + 1);
  };
  /** The samples of one metric. */
  const counted = async (name: string): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(`trunkline_${name}`));
  return { receiver, sent, wanted, ended, answers, closed, seen, accept, answerNext, counted };
};

const codes = (answers: { reply: Reply }[]): string[] => answers.map(({ reply }) => (reply.ok ? 'ok' : reply.error.code));

describe('the commands of a connection', () => {
  afterEach(() => vi.useRealTimers());

  it('wait until they are released', () => {
    const { receiver, sent, accept } = createReceiver();
    accept('a');
    expect(sent).toHaveLength(0);
    receiver.release();
    expect(sent).toHaveLength(1);
  });

  it('go one after another', async () => {
    const { receiver, sent, accept, answerNext } = createReceiver();
    receiver.release();
    accept('a');
    accept('b');
    expect(sent).toHaveLength(1);
    await answerNext();
    expect(sent.map(({ command }) => command.callId)).toEqual(['a', 'b']);
    await answerNext();
    await receiver.drained();
  });

  it('that end a call are told of beside the answer, and no others', async () => {
    const { receiver, ended, answerNext } = createReceiver();
    receiver.release();
    const words = ['accept', 'reject', 'cancel', 'end', 'quality'];
    for (const word of words) receiver.receive({ event: `call:${word}`, body: { callId: word, quality: 'BAD' } }, null);
    for (const _ of words) await answerNext();
    expect(ended).toEqual(['reject', 'cancel', 'end']);
  });

  it('are taken up to the limit of a second, however many wait', async () => {
    const { receiver, sent, answers, accept, answerNext } = createReceiver();
    receiver.release();
    for (let index = 0; index < 300; index += 1) accept(`c${index}`);
    expect(new Set(codes(answers))).toEqual(new Set(['rate_limited']));
    // One more than wait is under way, if the time that this took lets it come.
    const taken = 300 - answers.length;
    expect([200, 201]).toContain(taken);
    for (let index = 0; index < taken; index += 1) await answerNext();
    expect(sent).toHaveLength(taken);
  });

  it('are refused where they wait with too much text', () => {
    const { receiver, answers } = createReceiver();
    const signal = { type: 'offer', sdp: 'v'.repeat(16_000) };
    for (let index = 0; index < 9; index += 1) receiver.receive({ event: 'call:signal', body: { callId: 'a', signal } }, null);
    expect(codes(answers)).toEqual(['rate_limited']);
  });

  it('are refused beyond the limit of a second', async () => {
    const { receiver, answers, accept, answerNext } = createReceiver(2);
    receiver.release();
    for (const callId of ['a', 'b', 'c']) accept(callId);
    expect(codes(answers)).toEqual(['rate_limited']);
    await answerNext();
  });

  it('close the connection when they flood', () => {
    const { receiver, closed, accept } = createReceiver(1);
    receiver.release();
    for (let index = 0; index < 11; index += 1) accept(`c${index}`);
    expect(closed).toEqual(['flooding']);
  });

  it('that cannot be understood are refused at once, and count', () => {
    const { receiver, answers } = createReceiver(1);
    receiver.receive({ event: null, body: undefined }, null);
    receiver.receive({ event: null, body: undefined }, null);
    expect(codes(answers)).toEqual(['parse_error', 'rate_limited']);
  });

  it('are all refused when the session could not be opened', () => {
    const { receiver, answers, accept } = createReceiver();
    accept('a');
    accept('b');
    receiver.refuseAll();
    expect(codes(answers)).toEqual(['service_error', 'service_error']);
  });

  it('carry who acts, and whether an answer is wanted', () => {
    const { receiver, sent } = createReceiver();
    receiver.release();
    receiver.receive({ event: 'call:accept', body: { callId: 'a' } }, () => undefined);
    expect(sent[0]).toMatchObject({ actor, wantsAnswer: true, requestId: null, dialect: 'onlycare', mintedCallId: null });
    expect(sent[0]).not.toHaveProperty('acknowledge');
  });

  it('want an answer when they name their request', () => {
    const { receiver, sent } = createReceiver();
    receiver.release();
    receiver.receive({ event: 'call:cancel', body: { callId: 'a', requestId: 'r' } }, null);
    expect(sent[0]).toMatchObject({ wantsAnswer: true, requestId: 'r' });
  });

  it('have a call id of ours where a place brings none', () => {
    const { receiver, sent } = createReceiver();
    receiver.release();
    receiver.receive({ event: 'call:initiate', body: { receiverId: 'ana' } }, null);
    expect(sent[0]?.mintedCallId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(receiver.awaits(aCall({ id: sent[0]?.mintedCallId ?? aCall().id }))).toBe(true);
    const between = (callerId: UserId, calleeId: UserId): boolean =>
      receiver.awaits(aCall({ id: CallId.parse('another'), callerId, calleeId }));
    expect([between(ANA, BEN), between(BEN, ANA)]).toEqual([true, true]);
    expect([between(UserId.parse('eve'), BEN), between(BEN, UserId.parse('eve'))]).toEqual([false, false]);
  });

  it('await a call by the id that its callee gave it, and no other', () => {
    const { receiver, accept } = createReceiver();
    expect(receiver.awaits(aCall())).toBe(false);
    receiver.release();
    accept('mine');
    expect(receiver.awaits(aCall({ calleeAlias: CallId.parse('mine') }))).toBe(true);
    expect(receiver.awaits(aCall())).toBe(false);
  });

  describe('that waited for long', () => {
    it.each([
      ['call:initiate', { receiverId: 'ana' }, false],
      ['call:accept', { callId: 'a' }, false],
      ['call:reject', { callId: 'a' }, true],
      ['call:cancel', { callId: 'a' }, true],
      ['call:end', { callId: 'a' }, true],
    ])('are wanted only where they end something (%s)', (event, body, isWantedLater) => {
      vi.useFakeTimers({ toFake: ['performance'] });
      const { receiver, wanted } = createReceiver();
      receiver.release();
      receiver.receive({ event, body }, null);
      vi.advanceTimersByTime(3900);
      expect(wanted[0]?.()).toBe(true);
      vi.advanceTimersByTime(200);
      expect(wanted[0]?.()).toBe(isWantedLater);
    });

    it('count from when they were taken, not from when they were released', () => {
      vi.useFakeTimers({ toFake: ['performance'] });
      const { receiver, wanted, accept } = createReceiver();
      accept('a');
      vi.advanceTimersByTime(4100);
      receiver.release();
      expect(wanted[0]?.()).toBe(false);
    });
  });

  it('are not wanted where they place a call and the client has gone', () => {
    const { receiver, wanted, seen } = createReceiver();
    receiver.release();
    receiver.receive({ event: 'call:initiate', body: { receiverId: 'ana' } }, null);
    expect(wanted[0]?.()).toBe(true);
    seen.isClosed = true;
    expect(wanted[0]?.()).toBe(false);
    const other = createReceiver();
    other.receiver.release();
    other.accept('a');
    other.seen.isClosed = true;
    expect(other.wanted[0]?.()).toBe(true);
  });

  it('that report a bad line go on once in five seconds, and are always answered', async () => {
    const { receiver, sent, answers, answerNext } = createReceiver();
    receiver.release();
    const report = (callId: string): void => receiver.receive({ event: 'call:quality', body: { callId, quality: 'BAD' } }, null);
    for (const callId of ['a', 'a', 'b']) report(callId);
    expect(answers).toEqual([{ reply: { ok: true, call: null }, callId: 'a' }]);
    await answerNext();
    await answerNext();
    expect(sent.map(({ command }) => command)).toEqual(['a', 'b'].map((callId) => ({ type: 'report_quality', callId, quality: 'BAD' })));
  });

  it('that report a bad line of a call of others are refused each time', async () => {
    const { receiver, sent, answers, answerNext } = createReceiver();
    receiver.release();
    for (const _time of [1, 2]) {
      receiver.receive({ event: 'call:quality', body: { callId: 'a', quality: 'BAD' } }, null);
      await answerNext({ ok: false, error: refusal('unauthorized') });
    }
    expect(codes(answers)).toEqual(['unauthorized', 'unauthorized']);
    expect(sent).toHaveLength(2);
  });

  it('that signal too often are refused, and the others go on', async () => {
    // Time stands still: on a busy machine it would be long enough for one more.
    vi.useFakeTimers({ toFake: ['performance'] });
    const { receiver, answers, answerNext } = createReceiver(10_000);
    receiver.release();
    for (let count = 0; count < 100; count += 1) {
      receiver.receive({ event: 'call:signal', body: { callId: 'a', signal: { type: 'candidate', candidate: '' } } }, null);
      await answerNext();
    }
    receiver.receive({ event: 'call:signal', body: { callId: 'a', signal: { type: 'candidate', candidate: '' } } }, null);
    receiver.receive({ event: 'call:end', body: { callId: 'a' } }, null);
    await answerNext();
    expect(codes(answers).slice(99)).toEqual(['ok', 'rate_limited', 'ok']);
  });

  it('that ask for nothing are answered at once', () => {
    const answers: unknown[] = [];
    const receiver = new Receiver<JsonFrame>({
      actor,
      dialect: chattrix,
      services: { commandsPerSecond: 200, sendCommand: async () => DONE, metrics: createMetrics(GATEWAY_METRICS).of },
      asker: {
        noteEnding: () => undefined,
        answer: (reply, { requestId }) => answers.push({ reply, requestId }),
        refreshToken: async () => ({ ok: true, call: null }),
        close: () => undefined,
        isClosed: () => false,
      },
    });
    const payload = { callId: 'a', txQuality: 1, rxQuality: 1 };
    receiver.receive({ json: { type: 'call.quality', requestId: 'r', payload } }, null);
    expect(answers).toEqual([{ reply: { ok: true, call: null }, requestId: 'r' }]);
  });

  it('that place a call want an answer', () => {
    const { receiver, sent } = createReceiver();
    receiver.release();
    receiver.receive({ event: 'call:initiate', body: { receiverId: 'ana' } }, null);
    expect(sent[0]).toMatchObject({ wantsAnswer: true });
  });

  it('leave a refreshed token to the connection', async () => {
    const { receiver, answers, sent } = createReceiver();
    receiver.release();
    receiver.receive({ event: 'auth:refresh', body: { token: 't' } }, null);
    await expect.poll(() => answers).toEqual([{ reply: { ok: true, call: null }, callId: null }]);
    expect(sent).toHaveLength(0);
  });
});

describe('the frames of a connection are counted', () => {
  it('by what they meant and what came of it', async () => {
    const { receiver, accept, answerNext, counted } = createReceiver();
    receiver.release();
    accept('a');
    await answerNext();
    accept('b');
    await answerNext({ ok: false, error: refusal('call_not_found') });
    receiver.receive({ event: 'call:dance', body: {} }, null);
    expect(await counted('commands_total')).toEqual([
      'trunkline_commands_total{command="accept_call",dialect="onlycare",outcome="ok"} 1',
      'trunkline_commands_total{command="accept_call",dialect="onlycare",outcome="call_not_found"} 1',
      'trunkline_commands_total{command="unreadable",dialect="onlycare",outcome="parse_error"} 1',
    ]);
    expect(await counted('command_seconds_count')).toEqual(['trunkline_command_seconds_count{command="accept_call"} 2']);
  });

  it('past each limit', async () => {
    const { receiver, accept, counted } = createReceiver(10);
    receiver.release();
    for (let index = 0; index < 101; index += 1) accept(`c${index}`);
    const past = (limit: string, count: number): string =>
      `trunkline_commands_over_limit_total{dialect="onlycare",limit="${limit}"} ${count}`;
    expect(await counted('commands_over_limit_total')).toEqual([past('soft', 9), past('hard', 90), past('flood', 1)]);
  });
});
