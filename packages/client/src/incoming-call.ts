import type { CallState, CallView } from '@trunkline/contract';
import type { CallOutcome, IncomingCall } from './call.ts';
import { Countdown } from './countdown.ts';
import { type CallServices, LiveCall, tooLate } from './live-call.ts';
import { mintId } from './mint-id.ts';
import { ANSWERED_ELSEWHERE, EXPIRED, isFinalState, isLater, MERGED, plainOutcome } from './outcomes.ts';
import { asTrunklineError, type TrunklineError } from './trunkline-error.ts';
import type { Incoming } from './wire.ts';

/** The server rings no longer; what says more comes of clocks that disagree. */
export const LONGEST_RING_MS = 120_000;

/** How long a ring may go on from now: both times are the server's, so this device's clock has no part in it. */
const ringTime = ({ timestamp, expiresAt }: Incoming): number => Math.min(LONGEST_RING_MS, Math.max(0, expiresAt - timestamp));

/** A call that rings here. */
export class RingingCall extends LiveCall implements IncomingCall {
  readonly direction = 'incoming';
  #ring: Incoming;
  #countdown: Countdown;
  #isSilent = false;
  #isExpired = false;
  /** It was answered when the app took it up: here or elsewhere. */
  readonly #wasAnswered: boolean;
  #accepting: Promise<void> | null = null;
  /** The name of an accept that was sent and got no answer in time: said again under it, it gets the answer that it had. */
  #acceptInDoubt: string | null = null;
  /** It was said that another device answered while this one was about to: the answer to the accept says which it was. */
  #answeredElsewhere: CallOutcome | null = null;

  /** `state`: where the server has it. Whatever that calls it before an answer, here it rings. */
  constructor(ring: Incoming, services: CallServices, state: CallState = 'RINGING') {
    const { callId: id, callerId: peerId, callType, channelId } = ring;
    const isBeyondRinging = isLater(state, 'RINGING');
    super({ id, peerId, callType, channelId, state: isBeyondRinging ? state : 'RINGING' }, services);
    this.#ring = ring;
    this.#wasAnswered = isBeyondRinging;
    this.#countdown = this.#countDown(ring);
    if (!isBeyondRinging) return;
    this.#isSilent = true;
    this.#countdown.stop();
  }

  get callerName(): string {
    return this.#ring.callerName;
  }

  get callerAvatar(): string | null {
    return this.#ring.callerAvatar;
  }

  get isRinging(): boolean {
    return !this.#isSilent;
  }

  get expiresAt(): number {
    return this.#ring.expiresAt;
  }

  get ringMsLeft(): number {
    return this.#isSilent ? 0 : this.#countdown.msLeft;
  }

  accept(): Promise<void> {
    if (this.heardEnd !== null) return Promise.reject(tooLate(this));
    if (!this.isOver && isLater(this.state, 'RINGING')) return Promise.resolve();
    this.#accepting ??= this.#accept().finally(() => {
      this.#accepting = null;
    });
    return this.#accepting;
  }

  reject(reason?: string): Promise<CallOutcome> {
    this.silence();
    return this.leave('call:reject', reason);
  }

  /** The server tells a ring again, to a new connection. */
  hearAgain(ring: Incoming): void {
    if (this.isOver || this.state !== 'RINGING') return;
    this.#countdown.stop();
    this.#ring = ring;
    this.#countdown = this.#countDown(ring);
  }

  /** This ring goes on as the call that this device placed itself. */
  hearMerged(): void {
    this.finish(MERGED);
  }

  override hearEnd(outcome: CallOutcome): void {
    if (outcome.state !== 'ANSWERED_ELSEWHERE') this.finish(outcome);
    else if (this.#accepting !== null) this.#answeredElsewhere = outcome;
    // Once answered here, it was answered nowhere else, whatever a device without a name is told.
    else if (this.state !== 'RINGING' && !this.#wasAnswered) return;
    else if (this.#acceptInDoubt === null) this.finish(outcome);
    // It is too late for any accept but the one that answered.
    else this.accept().catch(() => undefined);
  }

  protected override get self(): IncomingCall {
    return this;
  }

  protected override silence(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.publish('stopped', { call: this });
  }

  protected override finish(outcome: CallOutcome): void {
    this.#countdown.stop();
    super.finish(outcome);
  }

  protected override learnAnswered(): void {
    if (this.state === 'RINGING') this.hearEnd(ANSWERED_ELSEWHERE);
  }

  async #accept(): Promise<void> {
    this.silence();
    const requestId = this.#acceptInDoubt ?? mintId();
    try {
      const { call } = await this.services.ask('call:accept', { callId: this.id }, { requestId });
      if (call !== undefined) this.#answeredHere(call);
    } catch (cause) {
      const error = asTrunklineError(cause);
      if (error.code === 'timed_out' && error.wasSent) this.#acceptInDoubt = requestId;
      this.#notAnsweredHere(error);
      throw cause;
    }
  }

  #answeredHere({ calleeId, channelId }: CallView): void {
    this.#countdown.stop();
    this.hearAccepted({ acceptedBy: calleeId, channelId });
  }

  #notAnsweredHere({ code, status }: TrunklineError): void {
    const isKnown = this.#acceptInDoubt === null || code === 'invalid_status';
    if (code === 'timed_out' && !isKnown) this.services.lookUp(this.id);
    if (!isKnown) return;
    if (this.#answeredElsewhere !== null) this.finish(this.#answeredElsewhere);
    else if (code === 'invalid_status' && status !== null) this.#learnStatus(status);
    else if (this.#isExpired) this.finish(EXPIRED);
  }

  #learnStatus(status: CallState): void {
    if (isFinalState(status)) this.awaitReason(plainOutcome(status, 'incoming'));
    else this.finish(ANSWERED_ELSEWHERE);
  }

  #countDown(ring: Incoming): Countdown {
    return new Countdown(ringTime(ring), () => {
      this.#isExpired = true;
      if (this.#accepting === null && this.#acceptInDoubt === null) this.finish(EXPIRED);
    });
  }
}
