import {
  type Call,
  type CallEventType,
  type CallId,
  type Delivery,
  isFinal,
  isHint,
  isRinging,
  type OpenedSession,
  type ServerEvent,
  SessionId,
} from '@trunkline/contract';
import type { DatabaseClock } from './database-clock.ts';
import type { DeliveryReports } from './delivery-reports.ts';
import type { Dialect } from './dialects/dialect.ts';
import { mergedRingOf, type Telling, tellingFor } from './dialects/telling.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { type EventSource, judgeRing } from './ring-freshness.ts';
import { StopReports } from './stop-reports.ts';

const MAX_REMEMBERED_CALLS = 256;

/** What a session has been told of one call. */
interface Told {
  seq: number;
  /** Each of them happens once in the life of a call. */
  readonly types: CallEventType[];
}

/** What call-service is to know of the things that a session was told. */
const DELIVERED: Readonly<Record<Telling['kind'], Delivery['kind'] | null>> = {
  incoming: 'ring',
  ringing: null,
  accepted: null,
  rejected: 'stop',
  cancelled: 'stop',
  timed_out: 'stop',
  ended: 'stop',
  quality_warning: null,
  signal: null,
  presence: null,
};

/** What a session that did it itself is not told of, because its answer said so. */
const ENDS: ReadonlySet<CallEventType> = new Set(['call_rejected', 'call_cancelled', 'call_ended']);
/** A session that nobody has. */
const ANOTHER_SESSION = SessionId.parse('another');

const dropOldest = <Key>(remembered: Map<Key, unknown> | Set<Key>): void => {
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest);
    return;
  }
};

/** What all deliverers of a gateway share. */
export interface DelivererServices {
  readonly clock: DatabaseClock;
  readonly deliveries: Pick<DeliveryReports, 'add'>;
  readonly metrics: Pick<GatewayMetrics, 'events' | 'eventDeliverySeconds'>;
}

/** The way to one client. */
export interface Outlet<Frame> {
  /** See `ClientSocket.write`. */
  write(frame: Frame): boolean;
  /** See `ClientSocket.probe`. */
  probe(onSign: () => void): void;
  /** Asks for a new snapshot. */
  refresh(): void;
}

export interface DelivererOptions<Frame> {
  readonly session: OpenedSession;
  readonly dialect: Dialect<Frame>;
  readonly services: DelivererServices;
  readonly outlet: Outlet<Frame>;
}

/** Turns the events of one session into frames: each once, in the order of its call, and no ring that is over. */
export class Deliverer<Frame> {
  readonly #session: OpenedSession;
  readonly #dialect: Dialect<Frame>;
  readonly #services: DelivererServices;
  readonly #outlet: Outlet<Frame>;
  /** By call, the one last heard of at the end. Most sessions are idle, so it is made when it is needed. */
  #told: Map<CallId, Told> | null = null;
  #stops: StopReports | null = null;
  /** Calls that the session asked to end and was not answered in time, by the id that it named; the oldest first. */
  #doubted: Set<string> | null = null;
  #snapshotAt: number | null = null;

  constructor({ session, dialect, services, outlet }: DelivererOptions<Frame>) {
    this.#session = session;
    this.#dialect = dialect;
    this.#services = services;
    this.#outlet = outlet;
  }

  /** A snapshot has come: called before what it tells is delivered. */
  noteSnapshot(): void {
    this.#snapshotAt = this.#services.clock.now();
  }

  /** Its client was told that it could not end a call, and it may have ended all the same: then it hears so, as its other sessions do. */
  doubt(callId: string): void {
    this.#doubted ??= new Set();
    this.#doubted.delete(callId);
    this.#doubted.add(callId);
    if (this.#doubted.size > MAX_REMEMBERED_CALLS) dropOldest(this.#doubted);
  }

  /** Its client knows that the call is over. */
  trust(callId: string): void {
    this.#doubted?.delete(callId);
  }

  /**
   * Its client was answered with the call as it is now: what led there, a ring above all, it has not to hear any more. Where it is connected
   * it has still to hear that it was accepted, which is one step before.
   */
  noteAnswered({ id, seq, state }: Call): void {
    if (isRinging(state)) return;
    const before = state === 'ACTIVE' ? seq - 2 : seq - 1;
    const told = this.#recall(id);
    if (told === undefined || told.seq < before) this.#remember(id, before, told);
  }

  /** The session is over. */
  end(): void {
    this.#stops?.end();
  }

  deliver(event: ServerEvent, source: EventSource): void {
    if (isHint(event.type)) this.#write(event, source);
    else this.#deliverStep(event, source);
  }

  #deliverStep(event: ServerEvent, source: EventSource): void {
    const { id, seq } = event.call;
    const told = this.#recall(id);
    if (told !== undefined && seq <= told.seq) return this.#count(event.type, 'repeated');
    const isRing = this.#isRing(event);
    const type = isRing ? 'call_placed' : event.type;
    if (told?.types.includes(type)) {
      told.seq = seq;
      return this.#count(type, 'repeated');
    }
    const verdict = isRing ? judgeRing(event, source, { databaseNow: this.#services.clock.now(), snapshotAt: this.#snapshotAt }) : 'rings';
    if (verdict === 'stale') {
      this.#outlet.refresh();
      return this.#count(type, 'stale');
    }
    const { types } = this.#remember(id, seq, told);
    if (verdict === 'over') return this.#count(type, 'over');
    if (types.includes('call_placed')) this.#endMergedRing(event);
    types.push(type);
    this.#write(type === event.type ? event : { ...event, type }, source);
  }

  /** Every event carries the whole call: a callee that missed the place rings from what came after it. */
  #isRing({ type, call }: ServerEvent): boolean {
    return (type === 'call_placed' || type === 'call_ringing') && this.#isCallee(call) && isRinging(call.state);
  }

  /** Glare: what rang here goes on under the id of what was placed here meanwhile. */
  #endMergedRing(event: ServerEvent): void {
    const telling = mergedRingOf(event, this.#session);
    if (telling !== null) this.#outlet.write(this.#dialect.encode(telling));
  }

  #write(event: ServerEvent, source: EventSource): void {
    const session = this.#session;
    const { sessionId, userId, deviceId } = session;
    const telling = tellingFor(event, this.#isDoubted(event) ? { ...session, sessionId: ANOTHER_SESSION } : session);
    if (telling === null) return this.#count(event.type, 'untold');
    const isWritten = this.#outlet.write(this.#dialect.encode(telling));
    if (!isWritten) return this.#count(event.type, 'unwritten');
    this.#countWritten(event, source);
    const kind = DELIVERED[telling.kind];
    if (kind === 'stop' && isFinal(event.call.state)) this.#trustTold(event.call);
    if (kind !== null) this.#report({ kind, callId: event.call.id, userId, deviceId, sessionId });
  }

  #isDoubted({ type, call }: ServerEvent): boolean {
    if (this.#doubted === null || !ENDS.has(type)) return false;
    return this.#doubted.has(call.id) || (call.calleeAlias !== null && this.#doubted.has(call.calleeAlias));
  }

  #trustTold({ id, calleeAlias }: Call): void {
    this.trust(id);
    if (calleeAlias !== null) this.trust(calleeAlias);
  }

  #report(delivery: Delivery): void {
    if (delivery.kind === 'ring') {
      this.#services.deliveries.add(delivery);
      return;
    }
    this.#stops ??= new StopReports(this.#services.deliveries, this.#outlet);
    this.#stops.written(delivery);
  }

  #count(event: CallEventType, outcome: 'written' | 'unwritten' | 'repeated' | 'untold' | 'over' | 'stale'): void {
    this.#services.metrics.events.inc({ event, dialect: this.#dialect.name, outcome });
  }

  #countWritten({ type, at }: ServerEvent, source: EventSource): void {
    this.#count(type, 'written');
    const now = this.#services.clock.now();
    // What a snapshot tells may be minutes old: that is no delay.
    if (source === 'live' && now !== null)
      this.#services.metrics.eventDeliverySeconds.observe({ event: type }, Math.max(0, now - at) / 1000);
  }

  #isCallee(call: Call): boolean {
    return call.calleeId === this.#session.userId;
  }

  #recall(id: CallId): Told | undefined {
    const told = this.#told?.get(id);
    if (told === undefined) return undefined;
    this.#told?.delete(id);
    this.#told?.set(id, told);
    return told;
  }

  #remember(id: CallId, seq: number, known: Told | undefined): Told {
    if (known !== undefined) {
      known.seq = seq;
      return known;
    }
    const told: Told = { seq, types: [] };
    this.#told ??= new Map();
    this.#told.set(id, told);
    if (this.#told.size > MAX_REMEMBERED_CALLS) dropOldest(this.#told);
    return told;
  }
}
