import { type CallEvent, CallId, type Delivery, DeviceId, SessionId } from '@trunkline/contract';
import { createMetrics } from '@trunkline/service-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANA, aCall, aCallEvent, BEN, PLACED_AT } from '../test/call-event.ts';
import { DatabaseClock } from './database-clock.ts';
import { Deliverer } from './deliver.ts';
import type { EventFrame } from './dialects/dialect.ts';
import { onlycare } from './dialects/onlycare.ts';
import { GATEWAY_METRICS } from './gateway-metrics.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A session of Ben, with what it was told. The database's clock stands at `now`. */
const createSession = ({ userId = BEN, now = PLACED_AT }: { userId?: typeof BEN; now?: number | null } = {}) => {
  const frames: EventFrame[] = [];
  const reported: Delivery[] = [];
  const seen = { refreshes: 0, frames, reported, isOpen: true };
  const probes: (() => void)[] = [];
  const clock = new DatabaseClock(() => 0);
  if (now !== null) clock.learn({ databaseNow: now, sentAt: 0, receivedAt: 0 });
  const metrics = createMetrics(GATEWAY_METRICS);
  const deliverer = new Deliverer<EventFrame>({
    session: { sessionId: SessionId.parse('ben-s1'), userId, deviceId: DeviceId.parse('ben-1'), hears: 'calls' },
    dialect: onlycare,
    services: { clock, deliveries: { add: (delivery) => reported.push(delivery) }, metrics: metrics.of },
    outlet: {
      write: (frame) => seen.isOpen && frames.push(frame) > 0,
      probe: (onSign) => void probes.push(onSign),
      refresh: () => {
        seen.refreshes += 1;
      },
    },
  });
  /** The client shows that it got what was written before it was last asked, and may be asked again. */
  const showSign = (): void => {
    probes.shift()?.();
    vi.advanceTimersByTime(1000);
  };
  const counted = async (name: string): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(`trunkline_${name}`));
  return { deliverer, ...seen, seen, probes, showSign, counted, names: () => frames.map(({ event }) => event) };
};

const ring = (seq = 1): CallEvent => aCallEvent({ ringMsLeft: 30_000, call: aCall({ seq }) });
const reached = (seq: number): CallEvent => ({ ...ring(seq), type: 'call_ringing' });
const cancelled = (seq: number): CallEvent =>
  aCallEvent({ type: 'call_cancelled', call: aCall({ seq, state: 'CANCELLED', reason: 'caller_lost' }) });

const cancelOf = (index: number): CallEvent => ({
  ...cancelled(1),
  call: aCall({ id: CallId.parse(`c${index}`), state: 'CANCELLED', reason: 'cancelled' }),
});

/** The end that the session asked for itself, of which it hears only where it was told that this failed. */
const ownEndOf = (index: number): CallEvent => ({
  ...aCallEvent({ type: 'call_ended', call: aCall({ id: CallId.parse(`c${index}`), seq: 5, state: 'ENDED', reason: 'hung_up' }) }),
  actor: { userId: BEN, deviceId: null, sessionId: SessionId.parse('ben-s1') },
});

describe('a session', () => {
  it('is told each event once', () => {
    const { deliverer, names } = createSession();
    for (const event of [ring(), ring(), cancelled(2), cancelled(2)]) deliverer.deliver(event, 'live');
    expect(names()).toEqual(['call:incoming', 'call:cancelled']);
  });

  it('has what came of each event counted, and how long a live one took', async () => {
    const { deliverer, counted } = createSession({ now: PLACED_AT + 1500 });
    for (const event of [ring(), ring(), cancelled(2)]) deliverer.deliver(event, event.type === 'call_cancelled' ? 'snapshot' : 'live');
    const came = (event: string, outcome: string): string =>
      `trunkline_events_total{event="${event}",dialect="onlycare",outcome="${outcome}"} 1`;
    expect(await counted('events_total')).toEqual([
      came('call_placed', 'written'),
      came('call_placed', 'repeated'),
      came('call_cancelled', 'written'),
    ]);
    expect(await counted('event_delivery_seconds_sum')).toEqual(['trunkline_event_delivery_seconds_sum{event="call_placed"} 1.5']);
  });

  it('does not ring for a call that it knows is over', () => {
    const { deliverer, names } = createSession();
    deliverer.deliver(cancelled(2), 'live');
    deliverer.deliver(ring(1), 'live');
    expect(names()).toEqual(['call:cancelled']);
  });

  it('does not ring from the bus for what was decided before its snapshot, but asks again: the call may be over', () => {
    const { deliverer, names, seen } = createSession();
    deliverer.noteSnapshot();
    deliverer.deliver(ring(1), 'live');
    expect([names(), seen.refreshes]).toEqual([[], 1]);
    deliverer.noteSnapshot();
    deliverer.deliver(ring(1), 'snapshot');
    expect(names()).toEqual(['call:incoming']);
  });

  it.each([
    ['it placed itself', 'ben-s1'],
    ['another session of its device placed', 'ben-s0'],
    ['its device placed over REST', null],
  ])('that rings, where %s what was merged into that call, has the ring ended, and goes on under the own id', (_who, sessionId) => {
    const { deliverer, frames } = createSession();
    deliverer.deliver(ring(1), 'live');
    const answeredBySession = sessionId === null ? null : SessionId.parse(sessionId);
    const answered = { answeredBySession, answeredByDevice: DeviceId.parse('ben-1') };
    const call = aCall({ seq: 2, state: 'CONNECTING', calleeAlias: CallId.parse('bens-own'), ...answered });
    deliverer.deliver(aCallEvent({ type: 'call_accepted', merged: true, call }), 'live');
    expect(frames.map(({ event, body }) => [event, (body as { callId: string }).callId])).toEqual([
      ['call:incoming', call.id],
      ['call:cancelled', call.id],
      ['call:accepted', 'bens-own'],
    ]);
  });

  it('hears of no ring that ends where its place was merged before it rang', () => {
    const { deliverer, names } = createSession();
    const answered = { answeredBySession: SessionId.parse('ben-s1'), answeredByDevice: DeviceId.parse('ben-1') };
    const call = aCall({ seq: 2, state: 'CONNECTING', calleeAlias: CallId.parse('bens-own'), ...answered });
    deliverer.deliver(aCallEvent({ type: 'call_accepted', merged: true, call }), 'live');
    expect(names()).toEqual(['call:accepted']);
  });

  it('hears no more of what led to the answer that it got, also of a call that it knew before', () => {
    const { deliverer, names } = createSession({ userId: ANA });
    deliverer.deliver(reached(2), 'live');
    deliverer.noteAnswered(aCall({ seq: 4, state: 'ENDED' }));
    deliverer.deliver(aCallEvent({ type: 'call_accepted', call: aCall({ seq: 3, state: 'CONNECTING' }) }), 'live');
    expect(names()).toEqual(['call:ringing']);
  });

  it('rings from a later event when it missed the place, and only once', () => {
    const { deliverer, names } = createSession();
    deliverer.deliver(reached(2), 'live');
    deliverer.deliver(reached(3), 'live');
    deliverer.deliver(ring(4), 'snapshot');
    expect(names()).toEqual(['call:incoming']);
  });

  it('does not ring again when the call is reached', () => {
    const { deliverer, names } = createSession();
    deliverer.deliver(ring(1), 'live');
    deliverer.deliver(reached(2), 'live');
    expect(names()).toEqual(['call:incoming']);
  });

  it('is told of an accept once, though a later snapshot says it again', () => {
    const { deliverer, names } = createSession({ userId: ANA });
    const accepted = (seq: number): CallEvent => aCallEvent({ type: 'call_accepted', call: aCall({ seq, state: 'CONNECTING' }) });
    deliverer.deliver(accepted(3), 'live');
    deliverer.deliver(accepted(4), 'snapshot');
    expect(names()).toEqual(['call:accepted']);
  });

  it('does not ring its own call', () => {
    const { deliverer, names } = createSession({ userId: ANA });
    deliverer.deliver(ring(1), 'live');
    deliverer.deliver(reached(2), 'live');
    expect(names()).toEqual(['call:ringing']);
  });

  it('asks for a snapshot rather than ring late, and rings from what that says', () => {
    const { deliverer, names, seen } = createSession({ now: PLACED_AT + 5000 });
    deliverer.deliver(ring(1), 'live');
    expect(names()).toEqual([]);
    expect(seen.refreshes).toBe(1);
    // Its answer took as long as the ring before it.
    deliverer.deliver(ring(1), 'snapshot');
    expect([names(), seen.refreshes]).toEqual([[], 2]);
    deliverer.deliver({ ...ring(1), at: PLACED_AT + 5000 }, 'snapshot');
    expect(names()).toEqual(['call:incoming']);
  });

  it("says when the ring expires by the database's clock, whatever this host's says and however long it took", () => {
    const { deliverer, frames } = createSession({ now: PLACED_AT + 1000 });
    deliverer.deliver(ring(1), 'live');
    expect(frames[0]?.body).toMatchObject({ expiresAt: PLACED_AT + 30_000 });
  });

  it('neither rings nor asks once the time is up', () => {
    const { deliverer, names, seen } = createSession({ now: PLACED_AT + 30_000 });
    deliverer.deliver(ring(1), 'live');
    expect(names()).toEqual([]);
    expect(seen.refreshes).toBe(0);
  });

  it('reports what it was told: rings and stops', () => {
    const { deliverer, reported, showSign } = createSession();
    deliverer.deliver(ring(1), 'live');
    deliverer.deliver(
      aCallEvent({ type: 'call_accepted', call: aCall({ seq: 2, state: 'CONNECTING', answeredBySession: SessionId.parse('ben-s2') }) }),
      'live',
    );
    deliverer.deliver(aCallEvent({ type: 'call_ended', call: aCall({ seq: 3, state: 'ENDED', reason: 'lost' }) }), 'live');
    showSign();
    showSign();
    expect(reported.map(({ kind }) => kind)).toEqual(['ring', 'stop', 'stop']);
    expect(reported[0]).toEqual({ kind: 'ring', callId: 'CALL_1', userId: 'ben', deviceId: 'ben-1', sessionId: 'ben-s1' });
  });

  it('reports a stop only after a sign that its client got it, and asks for one sign at a time', () => {
    const { deliverer, reported, probes, showSign } = createSession();
    for (const index of [1, 2, 3]) deliverer.deliver(cancelOf(index), 'live');
    expect(reported).toEqual([]);
    expect(probes).toHaveLength(1);
    showSign();
    expect(reported.map(({ callId }) => callId)).toEqual(['c1']);
    showSign();
    expect(reported.map(({ callId }) => callId)).toEqual(['c1', 'c2', 'c3']);
    expect(probes).toHaveLength(0);
    deliverer.deliver(cancelOf(4), 'live');
    showSign();
    expect(reported).toHaveLength(4);
  });

  it('reports nothing that was not written', () => {
    const { deliverer, reported, seen, probes } = createSession();
    seen.isOpen = false;
    deliverer.deliver(ring(1), 'live');
    deliverer.deliver(cancelled(2), 'live');
    expect(reported).toEqual([]);
    expect(probes).toEqual([]);
  });

  it('keeps a bounded number of stops while no sign comes', () => {
    const { deliverer, reported, showSign } = createSession();
    for (let index = 0; index < 300; index += 1) deliverer.deliver(cancelOf(index), 'live');
    showSign();
    showSign();
    expect(reported).toHaveLength(65);
  });

  it('reports no stop to the session that answers', () => {
    const { deliverer, reported } = createSession();
    deliverer.deliver(
      aCallEvent({ type: 'call_accepted', call: aCall({ seq: 2, state: 'CONNECTING', answeredBySession: SessionId.parse('ben-s1') }) }),
      'live',
    );
    expect(reported).toEqual([]);
  });

  it('is told of a bad line whenever it is, which hides nothing that comes after', () => {
    const { deliverer, names, reported, showSign } = createSession();
    const warning = (seq: number): CallEvent =>
      aCallEvent({ type: 'call_quality_warning', call: aCall({ seq, state: 'ACTIVE' }), quality: 'BAD' });
    const ended = aCallEvent({ type: 'call_ended', call: aCall({ seq: 4, state: 'ENDED', reason: 'lost' }) });
    for (const event of [warning(9), warning(3), ended, warning(3)]) deliverer.deliver(event, 'live');
    showSign();
    expect(names()).toEqual(['call:quality', 'call:quality', 'call:ended', 'call:quality']);
    expect(reported.map(({ kind }) => kind)).toEqual(['stop']);
  });

  it('remembers a bounded number of calls', () => {
    const { deliverer, names } = createSession();
    for (let index = 0; index < 300; index += 1) deliverer.deliver(cancelOf(index), 'live');
    deliverer.deliver(cancelOf(299), 'live');
    expect(names()).toHaveLength(300);
    deliverer.deliver(cancelOf(0), 'live');
    expect(names()).toHaveLength(301);
  });

  it('forgets first the call that it has not heard of for longest', () => {
    const { deliverer, names } = createSession();
    for (let index = 0; index < 256; index += 1) deliverer.deliver(cancelOf(index), 'live');
    for (const index of [0, 256, 0]) deliverer.deliver(cancelOf(index), 'live');
    expect(names()).toHaveLength(257);
    deliverer.deliver(cancelOf(1), 'live');
    expect(names()).toHaveLength(258);
  });

  it('hears of its own end of the calls that it was left in doubt about last', () => {
    const { deliverer, frames } = createSession();
    for (let index = 0; index < 300; index += 1) deliverer.doubt(`c${index}`);
    for (const index of [0, 43, 44, 299]) deliverer.deliver(ownEndOf(index), 'live');
    expect(frames.map(({ body }) => (body as { callId: string }).callId)).toEqual(['c44', 'c299']);
  });

  it('is in doubt no more about a call of whose end it was told, which leaves room for another', () => {
    const { deliverer, names } = createSession();
    for (let index = 0; index < 255; index += 1) deliverer.doubt(`c${index}`);
    deliverer.doubt('bens-own');
    const merged = ownEndOf(255);
    deliverer.deliver({ ...merged, call: { ...merged.call, calleeAlias: CallId.parse('bens-own') } }, 'live');
    deliverer.doubt('c256');
    deliverer.deliver(ownEndOf(0), 'live');
    expect(names()).toEqual(['call:ended', 'call:ended']);
  });

  it('is in doubt until it is told of the end itself, whatever else it is told of the call', () => {
    const { deliverer, names } = createSession();
    deliverer.doubt('c1');
    deliverer.deliver({ ...ownEndOf(1), type: 'user_offline', actor: { userId: ANA, deviceId: null, sessionId: null } }, 'live');
    deliverer.deliver(aCallEvent({ type: 'call_accepted', call: { ...ownEndOf(1).call, seq: 3, state: 'CONNECTING' } }), 'live');
    deliverer.deliver(ownEndOf(1), 'live');
    expect(names()).toEqual(['user_offline', 'call:cancelled', 'call:ended']);
  });
});
