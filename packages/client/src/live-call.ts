import type { CallQuality, CallSignal, CallState, CallType, CallView, MediaAccess } from '@trunkline/contract';
import type { Call, CallEvents, CallOutcome, ClientCallState } from './call.ts';
import { Countdown } from './countdown.ts';
import { Emitter } from './emitter.ts';
import { isFinalState, isLater, isUnheard, ownOutcome, plainOutcome, unheard } from './outcomes.ts';
import { asTrunklineError, TrunklineError } from './trunkline-error.ts';
import type { Accepted, CallDone, ClientWords } from './wire.ts';

export type Publish = <Name extends keyof CallEvents>(name: Name, event: CallEvents[Name]) => void;

/** What every call needs of its client. */
export interface CallServices {
  /** Sends a command until it is answered, in the lane of its call unless it is `beside` it. @throws TrunklineError */
  ask<Word extends keyof ClientWords>(word: Word, body: ClientWords[Word], options?: AskAbout): Promise<CallDone>;
  /** Takes a place back that was not sent yet. */
  withdraw(callId: string): boolean;
  /** Every event of every call, for the client's own listeners. */
  publish: Publish;
  /** Asks the server how a call stands. */
  lookUp(callId: string): void;
  /** Media credentials for an accepted call. @throws TrunklineError */
  media(callId: string): Promise<MediaAccess>;
  /** The call that was placed went on as another, which rings here. */
  merged(intoCallId: string): void;
}

export interface AskAbout {
  readonly timeoutMs?: number | undefined;
  readonly beside?: boolean;
  /** One that was used says the same again, and gets the first answer; a new one where it is left out. */
  readonly requestId?: string;
}

export interface CallFacts {
  readonly id: string;
  readonly peerId: string;
  readonly callType: CallType;
  readonly channelId: string;
  readonly state: CallState;
}

/** An answer that says the call is over is followed by the event that says why; if not, it stands alone after this. */
const REASON_PATIENCE_MS = 1000;
const QUALITY_TIMEOUT_MS = 5000;
const SIGNAL_TIMEOUT_MS = 10_000;

/** What both sides of a call have: a state that only goes forward, and one end. */
export abstract class LiveCall extends Emitter<CallEvents> {
  abstract readonly direction: Call['direction'];
  readonly id: string;
  readonly peerId: string;
  readonly callType: CallType;
  readonly finished: Promise<CallOutcome>;
  protected readonly services: CallServices;
  #resolveFinished: (outcome: CallOutcome) => void = () => undefined;
  #channelId: string;
  #state: ClientCallState;
  #outcome: CallOutcome | null = null;
  /** It is over with this outcome, unless the event that says more comes in time. */
  #awaitedReason: { readonly outcome: CallOutcome; readonly patience: Countdown } | null = null;

  constructor(facts: CallFacts, services: CallServices) {
    super();
    this.id = facts.id;
    this.peerId = facts.peerId;
    this.callType = facts.callType;
    this.services = services;
    this.#channelId = facts.channelId;
    this.#state = facts.state;
    // `Promise.withResolvers` came to browsers in 2024.
    this.finished = new Promise((resolve) => {
      this.#resolveFinished = resolve;
    });
  }

  /** This call as the app sees it. */
  protected abstract get self(): Call;
  /** Nothing rings any more. */
  protected abstract silence(): void;
  /** The server says that the call is answered. */
  protected abstract learnAnswered(view: CallView): void;

  get channelId(): string {
    return this.#channelId;
  }

  get state(): ClientCallState {
    return this.#state;
  }

  get outcome(): CallOutcome | null {
    return this.#outcome;
  }

  get isOver(): boolean {
    return this.#outcome !== null;
  }

  end(reason?: string): Promise<CallOutcome> {
    return this.leave('call:end', reason);
  }

  media(): Promise<MediaAccess> {
    return this.services.media(this.id);
  }

  async connected(): Promise<void> {
    const { call } = await this.services.ask('call:connected', { callId: this.id });
    if (call !== undefined) this.advance(call.status);
  }

  async quality(quality: CallQuality): Promise<void> {
    await this.services.ask('call:quality', { callId: this.id, quality }, { timeoutMs: QUALITY_TIMEOUT_MS, beside: true });
  }

  async signal(signal: CallSignal): Promise<void> {
    await this.services.ask('call:signal', { callId: this.id, signal }, { timeoutMs: SIGNAL_TIMEOUT_MS, beside: true });
  }

  hearSignal(signal: CallSignal): void {
    if (!this.isOver) this.publish('signal', { call: this.self, signal });
  }

  hearQuality(quality: CallQuality): void {
    if (!this.isOver) this.publish('quality', { call: this.self, quality });
  }

  hearAccepted({ acceptedBy, channelId }: Pick<Accepted, 'acceptedBy' | 'channelId'>): void {
    if (!isLater('CONNECTING', this.#state)) return;
    this.#channelId = channelId;
    this.advance('CONNECTING');
    // Who was told may have closed the client.
    if (!this.isOver) this.publish('accepted', { call: this.self, acceptedBy, channelId });
  }

  /** The server told how it ended. */
  hearEnd(outcome: CallOutcome): void {
    this.finish(outcome);
  }

  /** The server was asked how the call stands, and this is the answer. */
  learn(view: CallView): void {
    if (isFinalState(view.status)) this.awaitReason(plainOutcome(view.status, this.direction, view));
    else if (view.status === 'CONNECTING' || view.status === 'ACTIVE') this.learnAnswered(view);
  }

  /** Called when the client is closed: nothing more is heard of it. */
  dispose(): void {
    this.finish(this.#awaitedReason?.outcome ?? unheard(this.id));
  }

  /** How the call ended; null while it lives, also where the client was closed. */
  protected get heardEnd(): CallOutcome | null {
    return this.#outcome === null || isUnheard(this.#outcome) ? null : this.#outcome;
  }

  protected advance(state: CallState): void {
    if (this.isOver || isFinalState(state) || !isLater(state, this.#state)) return;
    this.#state = state;
    this.publish('state', { call: this.self, state });
  }

  protected finish(outcome: CallOutcome): void {
    if (this.#outcome !== null) return;
    this.#awaitedReason?.patience.stop();
    this.#outcome = outcome;
    this.#state = outcome.state;
    this.silence();
    this.publish('state', { call: this.self, state: outcome.state });
    this.publish(outcome.event, { call: this.self, ...outcome });
    this.#resolveFinished(outcome);
  }

  /** It is over. The event that says why is on its way, or was lost. */
  protected awaitReason(outcome: CallOutcome): void {
    if (this.isOver || this.#awaitedReason !== null) return;
    this.silence();
    this.#awaitedReason = { outcome, patience: new Countdown(REASON_PATIENCE_MS, () => this.finish(outcome)) };
  }

  /** Ends the call by one of the words for it. */
  protected async leave(word: 'call:end' | 'call:cancel' | 'call:reject', reason?: string): Promise<CallOutcome> {
    if (this.heardEnd !== null) return this.heardEnd;
    try {
      const body = reason === undefined ? { callId: this.id } : { callId: this.id, reason };
      const { call } = await this.services.ask(word, body);
      if (call !== undefined && isFinalState(call.status)) this.finish(ownOutcome(call.status, this.#selfId(call), reason, call));
    } catch (error) {
      if (!this.#isOverBy(asTrunklineError(error))) throw error;
    }
    const outcome = await this.finished;
    if (isUnheard(outcome)) throw outcome.error;
    return outcome;
  }

  protected readonly publish: Publish = (name, event) => {
    this.emit(name, event);
    this.services.publish(name, event);
  };

  #selfId({ callerId, calleeId }: CallView): string {
    return callerId === this.peerId ? calleeId : callerId;
  }

  /** Whether an error to an end says that there is nothing left to end. */
  #isOverBy({ code, status }: TrunklineError): boolean {
    if (this.heardEnd !== null) return true;
    if (code !== 'invalid_status' || status === null || !isFinalState(status)) return false;
    this.awaitReason(plainOutcome(status, this.direction));
    return true;
  }
}

/** The error of a command that came too late on this device. */
export const tooLate = (call: LiveCall): TrunklineError => {
  const status = call.state === 'ANSWERED_ELSEWHERE' ? 'CONNECTING' : call.state;
  return new TrunklineError('invalid_status', `The call is ${call.state}`, { status, callId: call.id, wasSent: false });
};
