import type { CallView } from '@trunkline/contract';
import { LONGEST_RING_MS, RingingCall } from './incoming-call.ts';
import type { CallFacts, CallServices } from './live-call.ts';
import { outcomeOf } from './outcomes.ts';
import { type Place, PlacedCall } from './outgoing-call.ts';
import { TrunklineError } from './trunkline-error.ts';
import type { EndWord, Incoming, ServerWords } from './wire.ts';

export type HeldCall = RingingCall | PlacedCall;

/** Something about a call that this client does not hold: another device's, or one from before the app was started. */
export interface ElsewhereEvent {
  readonly callId: string;
  readonly event: 'ringing' | 'accepted' | 'rejected' | 'cancelled' | 'timeout' | 'ended';
  /** With the last four. */
  readonly reason: string | null;
}

export interface CallRegisterOptions {
  readonly services: CallServices;
  onIncoming(call: RingingCall): void;
  onElsewhere(event: ElsewhereEvent): void;
}

/** What is over is kept for a while, so that what is told of it again is known to be nothing new. */
const MAX_REMEMBERED = 64;

const ELSEWHERE_EVENT: Readonly<Record<EndWord, ElsewhereEvent['event']>> = {
  'call:rejected': 'rejected',
  'call:cancelled': 'cancelled',
  'call:timeout': 'timeout',
  'call:ended': 'ended',
};

type CallWords = Exclude<keyof ServerWords, 'call:error' | 'user_online' | 'user_offline'>;

/** For a call that nobody but the app hears of: its place is refused here, and what it takes back is no other's. */
const refusing = (services: CallServices, error: TrunklineError): CallServices => ({
  ...services,
  ask: () => Promise.reject(error),
  withdraw: () => false,
});

/** The calls that this client knows, by id. */
export class CallRegister {
  readonly #options: CallRegisterOptions;
  readonly #calls = new Map<string, HeldCall>();
  /** Rings that the app took up by their ids before the server told them. */
  readonly #takenUp = new WeakSet<RingingCall>();
  /** Of calls that are not held: who took one of them up here would take it from the device that answered. */
  readonly #answeredElsewhere = new Set<string>();

  constructor(options: CallRegisterOptions) {
    this.#options = options;
  }

  get live(): HeldCall[] {
    return [...this.#calls.values()].filter(({ isOver }) => !isOver);
  }

  get(callId: string): HeldCall | undefined {
    return this.#calls.get(callId);
  }

  /** Whether it was told that another device answered this call, which was not held here. */
  isElsewhere(callId: string): boolean {
    return this.#answeredElsewhere.has(callId);
  }

  /** Places a call. Where one lives under that id, it is that one, or a conflict that is not held. */
  place(facts: CallFacts, place: Place): PlacedCall {
    const { services } = this.#options;
    const held = this.#calls.get(facts.id);
    if (held === undefined || held.isOver) return this.#add(new PlacedCall(facts, place, services));
    if (held.direction === 'outgoing' && held.isSame(facts, place)) return held;
    const conflict = new TrunklineError('conflict', 'Another call lives under this id', { callId: facts.id, wasSent: false });
    return new PlacedCall(facts, place, refusing(services, conflict));
  }

  #add<Held extends HeldCall>(call: Held): Held {
    this.#calls.set(call.id, call);
    for (const { id, isOver } of this.#calls.values()) {
      if (this.#calls.size <= MAX_REMEMBERED) break;
      if (isOver) this.#calls.delete(id);
    }
    return call;
  }

  /** Takes up a call that the server has, and that `userId` takes part in. */
  adopt(view: CallView, userId: string | null): HeldCall {
    const { id, callerId, calleeId, callType, channelId, status: state, createdAt } = view;
    const { services } = this.#options;
    const held = this.#calls.get(id);
    if (held !== undefined) return held;
    if (callerId === userId) return this.#add(new PlacedCall({ id, peerId: calleeId, callType, channelId, state }, null, services));
    const known = { callId: id, callerId, callerName: callerId, callerAvatar: null, callType, channelId };
    // How long it rings, the server says to each new connection: until then, no longer than any.
    const timestamp = Date.parse(createdAt);
    const call = this.#add(new RingingCall({ ...known, timestamp, expiresAt: timestamp + LONGEST_RING_MS }, services, state));
    if (call.isRinging) this.#takeUp(call);
    return call;
  }

  /** A ring of this device went on as a call that it placed. */
  merge(callId: string): void {
    const call = this.#calls.get(callId);
    if (call?.direction === 'incoming') call.hearMerged();
  }

  readonly hear: { readonly [Word in CallWords]: (body: ServerWords[Word]) => void } = {
    'call:incoming': (ring) => this.#hearRing(ring),
    'call:ringing': ({ callId }) => {
      const call = this.#calls.get(callId);
      if (call?.direction === 'outgoing') call.hearRinging();
      else this.#elsewhere({ callId, event: 'ringing', reason: null });
    },
    'call:accepted': (body) => {
      const call = this.#calls.get(body.callId);
      if (call === undefined) this.#elsewhere({ callId: body.callId, event: 'accepted', reason: null });
      else call.hearAccepted(body);
    },
    'call:quality': ({ callId, quality }) => this.#calls.get(callId)?.hearQuality(quality),
    'call:signal': ({ callId, signal }) => this.#calls.get(callId)?.hearSignal(signal),
    'call:rejected': (body) => this.#hearEnd('call:rejected', body),
    'call:cancelled': (body) => this.#hearEnd('call:cancelled', body),
    'call:timeout': (body) => this.#hearEnd('call:timeout', body),
    'call:ended': (body) => this.#hearEnd('call:ended', body),
  };

  #takeUp(call: RingingCall): void {
    this.#takenUp.add(call);
    // Its stop may have come while nothing was held under its id.
    this.#options.services.lookUp(call.id);
  }

  #hearRing(ring: Incoming): void {
    const known = this.#calls.get(ring.callId);
    if (known === undefined) this.#options.onIncoming(this.#add(new RingingCall(ring, this.#options.services)));
    else if (known.direction === 'incoming') this.#hearAgain(known, ring);
  }

  #hearAgain(call: RingingCall, ring: Incoming): void {
    call.hearAgain(ring);
    if (call.isRinging && this.#takenUp.delete(call)) this.#options.onIncoming(call);
  }

  #hearEnd<Word extends EndWord>(word: Word, body: ServerWords[Word]): void {
    const call = this.#calls.get(body.callId);
    const outcome = outcomeOf(word, body);
    if (call !== undefined) return call.hearEnd(outcome);
    if (outcome.state === 'ANSWERED_ELSEWHERE') this.#noteElsewhere(body.callId);
    this.#elsewhere({ callId: body.callId, event: ELSEWHERE_EVENT[word], reason: body.reason });
  }

  #noteElsewhere(callId: string): void {
    this.#answeredElsewhere.add(callId);
    for (const oldest of this.#answeredElsewhere) {
      if (this.#answeredElsewhere.size <= MAX_REMEMBERED) break;
      this.#answeredElsewhere.delete(oldest);
    }
  }

  #elsewhere(event: ElsewhereEvent): void {
    this.#options.onElsewhere(event);
    // Where two people call each other, the end of a ring may come under the name of the other call.
    for (const call of this.live) if (call.direction === 'incoming' && call.isRinging) this.#options.services.lookUp(call.id);
  }
}
