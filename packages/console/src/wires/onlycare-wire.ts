import { type Call, type CallEvents, type CallOutcome, type Client, connect, type TrunklineError } from '@trunkline/client';
import type { CallSignal } from '@trunkline/contract';
import type { Ending, Place, Reply, Wire, WireNews, WireOptions } from './wire.ts';

type OverEvent = CallOutcome['event'];

const ENDS: readonly OverEvent[] = ['rejected', 'cancelled', 'timeout', 'ended', 'failed'];

const refusalOf = (error: unknown): Reply => {
  const { code, message } = error as TrunklineError;
  return { ok: false, code: code ?? 'service_error', message };
};

const replyTo = async (asked: Promise<unknown>): Promise<Reply> => {
  try {
    await asked;
    return { ok: true };
  } catch (error) {
    return refusalOf(error);
  }
};

const endingOf = ({ event, reason, endedBy, durationSeconds, error }: CallOutcome): Ending => ({
  how: event,
  reason: error?.message ?? reason,
  by: endedBy,
  durationSeconds,
});

const over = (callId: string, how: Ending['how']): WireNews => ({
  kind: 'over',
  callId,
  ending: { how, reason: '', by: null, durationSeconds: null },
});

const UNKNOWN: Reply = { ok: false, code: 'call_not_found', message: 'There is no such call' };

/** The OnlyCare dialect by way of the client library. */
export class OnlycareWire implements Wire {
  readonly client: Client;
  readonly #options: WireOptions;

  constructor(options: WireOptions) {
    this.#options = options;
    const { url, restUrl, getToken } = options;
    this.client = connect({ url, restUrl, getToken, reconnect: { maxMs: 4000 } });
    this.#listen();
  }

  place({ calleeId, ...options }: Place): Promise<Reply> {
    return this.#ask('place', { calleeId, ...options }, () => this.client.place(calleeId, options).placed);
  }

  acknowledge(): void {
    // The library says it by itself.
  }

  accept(callId: string): Promise<Reply> {
    return this.#about('accept', callId, (call) => (call.direction === 'incoming' ? call.accept() : Promise.resolve()));
  }

  reject(callId: string): Promise<Reply> {
    return this.#about('reject', callId, (call) => (call.direction === 'incoming' ? call.reject() : call.end()));
  }

  cancel(callId: string): Promise<Reply> {
    return this.#about('cancel', callId, (call) => (call.direction === 'outgoing' ? call.cancel() : call.end()));
  }

  end(callId: string): Promise<Reply> {
    return this.#about('end', callId, (call) => call.end());
  }

  connected(callId: string): Promise<Reply> {
    return this.#about('connected', callId, (call) => call.connected());
  }

  signal(callId: string, signal: CallSignal): Promise<Reply> {
    return this.#about('signal', callId, (call) => call.signal(signal), signal);
  }

  lookUp(callId: string): void {
    void this.#takeUp(callId);
  }

  reconnectNow(): void {
    this.client.reconnectNow();
  }

  close(): void {
    this.client.close();
  }

  /** What the library holds, it looks up by itself; a call from before this page is not among it. */
  async #takeUp(callId: string): Promise<void> {
    const { hear } = this.#options;
    try {
      const call = await this.client.resume(callId);
      if (call === null) hear(over(callId, 'ended'));
      else if (call.state === 'CONNECTING' || call.state === 'ACTIVE') hear({ kind: 'accepted', callId });
    } catch (error) {
      if ((error as TrunklineError).code === 'call_not_found') hear(over(callId, 'failed'));
    }
  }

  #about(word: string, callId: string, act: (call: Call) => Promise<unknown>, more: object = {}): Promise<Reply> {
    const call = this.client.calls.find(({ id }) => id === callId);
    return call === undefined ? Promise.resolve(UNKNOWN) : this.#ask(word, { callId, ...more }, () => act(call));
  }

  async #ask(word: string, body: object, act: () => Promise<unknown>): Promise<Reply> {
    const { log } = this.#options;
    log({ direction: 'out', word, body });
    const reply = await replyTo(act());
    if (!reply.ok) log({ direction: 'in', word: `${word}: ${reply.code}`, body: reply });
    return reply;
  }

  #listen(): void {
    const { client } = this;
    const { hear, log } = this.#options;
    const told = (word: string, body: object): void => log({ direction: 'in', word, body });
    client.on('connection', (state) => {
      log({ direction: 'note', word: state.status, body: state });
      hear({ kind: 'link', state: state.status });
    });
    client.on('incoming', ({ call }) => {
      const { id: callId, peerId: callerId, callerName, callType, ringMsLeft: ringMs } = call;
      told('incoming', { callId, callerId, callType, ringMs });
      hear({ kind: 'incoming', callId, callerId, callerName, callType, ringMs });
    });
    client.on('ringing', ({ call }) => {
      told('ringing', { callId: call.id });
      hear({ kind: 'ringing', callId: call.id });
    });
    client.on('accepted', ({ call, acceptedBy }) => {
      told('accepted', { callId: call.id, acceptedBy });
      hear({ kind: 'accepted', callId: call.id });
    });
    client.on('signal', ({ call, signal }) => {
      told(`signal: ${signal.type}`, { callId: call.id, ...signal });
      hear({ kind: 'signal', callId: call.id, signal });
    });
    client.on('presence', ({ userId, online }) => {
      told(online ? 'user_online' : 'user_offline', { userId });
      hear({ kind: 'presence', userId, isOnline: online });
    });
    client.on('error', ({ error }) => log({ direction: 'note', word: error.code, body: error.message }));
    for (const word of ENDS) client.on(word, (over: CallEvents[OverEvent]) => this.#over(word, over));
  }

  #over(word: OverEvent, { call, ...outcome }: CallEvents[OverEvent]): void {
    const { reason, endedBy } = outcome;
    this.#options.log({ direction: 'in', word, body: { callId: call.id, reason, endedBy } });
    this.#options.hear({ kind: 'over', callId: call.id, ending: endingOf(outcome) });
  }
}
