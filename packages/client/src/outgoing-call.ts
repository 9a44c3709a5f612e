import type { CallView } from '@trunkline/contract';
import type { CallOutcome, OutgoingCall } from './call.ts';
import { type CallFacts, type CallServices, LiveCall } from './live-call.ts';
import { asTrunklineError, TrunklineError } from './trunkline-error.ts';

/** How long the taking back of a call is tried whose placing got no answer. */
const CALL_OFF_MS = 120_000;

export interface Place {
  readonly ringTimeoutSeconds: number | undefined;
  readonly timeoutMs: number | undefined;
  /** The channel that the app named; the server's own where it named none. */
  readonly channelId: string | undefined;
}

/** A call that was placed here. */
export class PlacedCall extends LiveCall implements OutgoingCall {
  readonly direction = 'outgoing';
  readonly placed: Promise<void>;
  #isPlacing: boolean;
  #isDisposed = false;

  /** `place`: null for a call that the server has already. */
  constructor(facts: CallFacts, place: Place | null, services: CallServices) {
    super(facts, services);
    this.#isPlacing = place !== null;
    this.placed = place === null ? Promise.resolve() : this.#place(place);
    // Who does not wait for it hears `failed`.
    this.placed.catch(() => undefined);
  }

  /** Whether the server has not answered yet: it may not know this call. */
  get isPlacing(): boolean {
    return this.#isPlacing;
  }

  /** Whether the server would take that place for this call, said again: by whom, how and where, as it compares them. */
  isSame({ peerId, callType }: CallFacts, { channelId }: Place): boolean {
    return peerId === this.peerId && callType === this.callType && (channelId === undefined || channelId === this.channelId);
  }

  override end(reason?: string): Promise<CallOutcome> {
    return this.services.withdraw(this.id) ? this.finished : super.end(reason);
  }

  cancel(reason?: string): Promise<CallOutcome> {
    return this.services.withdraw(this.id) ? this.finished : this.leave('call:cancel', reason);
  }

  override dispose(): void {
    this.#isDisposed = true;
    // A place on its way is rejected by itself, and says whether it was sent.
    if (!this.#isPlacing) super.dispose();
  }

  hearRinging(): void {
    if (this.isOver || this.state !== 'INITIATING') return;
    this.advance('RINGING');
    // Who was told may have closed the client.
    if (!this.isOver) this.publish('ringing', { call: this });
  }

  protected override get self(): OutgoingCall {
    return this;
  }

  protected override silence(): void {
    // Nothing rings where a call is placed.
  }

  protected override learnAnswered({ channelId }: CallView): void {
    this.hearAccepted({ acceptedBy: this.peerId, channelId });
  }

  async #place({ ringTimeoutSeconds, timeoutMs, channelId }: Place): Promise<void> {
    const { id: callId, peerId: receiverId, callType } = this;
    try {
      const body = {
        callId,
        receiverId,
        callType,
        ...(channelId === undefined ? {} : { channelId }),
        ...(ringTimeoutSeconds === undefined ? {} : { ringTimeoutSeconds }),
      };
      const { call } = await this.services.ask('call:initiate', body, { timeoutMs });
      if (call !== undefined) this.#learnPlaced(call);
    } catch (error) {
      this.#notPlaced(asTrunklineError(error));
      throw error;
    } finally {
      this.#isPlacing = false;
      if (this.#isDisposed) super.dispose();
    }
  }

  #learnPlaced(view: CallView): void {
    // Both people called each other: the other's call counts, and this one goes on as a name for it.
    if (view.id !== this.id) this.services.merged(view.id);
    if (view.status === 'RINGING') this.hearRinging();
    else this.learn(view);
  }

  #notPlaced(error: TrunklineError): void {
    const { code, message } = error;
    const nothingMore = { endedBy: null, durationSeconds: null } as const;
    if (code === 'withdrawn') {
      this.finish({ ...nothingMore, state: 'CANCELLED', event: 'cancelled', reason: 'Caller cancelled', error: null });
      return;
    }
    // It may ring all the same: nobody waits for it any more.
    if (code === 'timed_out' && error.wasSent) this.#callOff();
    const told = new TrunklineError(code, message, { status: error.status ?? undefined, callId: this.id, wasSent: error.wasSent });
    this.finish({ ...nothingMore, state: 'FAILED', event: 'failed', reason: code, error: told });
  }

  #callOff(): void {
    this.services.ask('call:end', { callId: this.id }, { timeoutMs: CALL_OFF_MS }).catch(() => undefined);
  }
}
