import {
  type Call,
  type CallEventType,
  type CallId,
  type Delivery,
  isFinal,
  isRinging,
  type OpenedSession,
  type ServerEvent,
} from '@trunkline/contract';
import type { DatabaseClock } from './database-clock.ts';
import type { DeliveryReports } from './delivery-reports.ts';
import type { Dialect } from './dialects/dialect.ts';
import { type EventSource, judgeRing } from './ring-freshness.ts';

const MAX_REMEMBERED_CALLS = 256;

/** What a session has been told of one call. */
interface Told {
  readonly seq: number;
  /** Each of them happens once in the life of a call. */
  readonly types: readonly CallEventType[];
}

const NOTHING_TOLD: Told = { seq: 0, types: [] };

export interface DelivererOptions<Frame> {
  readonly session: OpenedSession;
  readonly dialect: Dialect<Frame>;
  readonly clock: DatabaseClock;
  readonly deliveries: DeliveryReports;
  write(frame: Frame): void;
  /** Asks for a new snapshot. */
  refresh(): void;
}

/** Turns the events of one session into frames: each once, in the order of its call, and no ring that is over. */
export class Deliverer<Frame> {
  readonly #options: DelivererOptions<Frame>;
  /** By call, the oldest first. Most sessions are idle, so it is made when it is needed. */
  #told: Map<CallId, Told> | null = null;

  constructor(options: DelivererOptions<Frame>) {
    this.#options = options;
  }

  deliver(event: ServerEvent, source: EventSource): void {
    const { id, seq } = event.call;
    const { seq: toldSeq, types } = this.#told?.get(id) ?? NOTHING_TOLD;
    if (seq <= toldSeq) return;
    const isRing = this.#isRing(event);
    const type = isRing ? 'call_placed' : event.type;
    if (types.includes(type)) {
      this.#remember(id, { seq, types });
      return;
    }
    const verdict = isRing ? judgeRing(event, source, this.#options.clock.now()) : { ringMsLeft: 0 };
    if (verdict === 'stale') {
      this.#options.refresh();
      return;
    }
    this.#remember(id, { seq, types: verdict === 'over' ? types : [...types, type] });
    if (verdict !== 'over') this.#write({ ...event, type }, verdict.ringMsLeft);
  }

  /** Every event carries the whole call: a callee that missed the place rings from what came after it. */
  #isRing({ type, call }: ServerEvent): boolean {
    return (type === 'call_placed' || type === 'call_ringing') && this.#isCallee(call) && isRinging(call.state);
  }

  #write(event: ServerEvent, ringMsLeft: number): void {
    const { session, dialect, deliveries, write } = this.#options;
    const { sessionId, userId, deviceId } = session;
    const frame = dialect.encode(event, { userId, deviceId, sessionId, now: Date.now(), ringMsLeft });
    if (frame === null) return;
    write(frame);
    const kind = this.#kindOf(event);
    if (kind !== null) deliveries.add({ kind, callId: event.call.id, userId, deviceId, sessionId });
  }

  #kindOf({ type, call }: ServerEvent): Delivery['kind'] | null {
    if (isFinal(call.state)) return 'stop';
    if (!this.#isCallee(call)) return null;
    if (type === 'call_placed') return 'ring';
    return type === 'call_accepted' && call.answeredBySession !== this.#options.session.sessionId ? 'stop' : null;
  }

  #isCallee(call: Call): boolean {
    return call.calleeId === this.#options.session.userId;
  }

  #remember(id: CallId, told: Told): void {
    this.#told ??= new Map();
    this.#told.delete(id);
    this.#told.set(id, told);
    if (this.#told.size <= MAX_REMEMBERED_CALLS) return;
    const [oldest] = this.#told.keys();
    if (oldest !== undefined) this.#told.delete(oldest);
  }
}
