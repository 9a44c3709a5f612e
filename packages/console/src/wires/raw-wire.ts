import type { CallSignal, CallView } from '@trunkline/contract';
import { mintId } from '../mint-id.ts';
import { RawLink } from './raw-link.ts';
import type { Body, Frame, RawWords, Verb } from './raw-words.ts';
import type { Ending, Place, Reply, Wire, WireOptions } from './wire.ts';

interface Ack {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

const ANSWER_PATIENCE_MS = 8000;
const NOT_FOUND = 404;

const UNSENT: Reply = { ok: false, code: 'unreachable', message: 'There is no connection' };
const UNANSWERED: Reply = { ok: false, code: 'timed_out', message: 'There was no answer' };

const replyIn = ({ ok, error }: Ack): Reply =>
  ok ? { ok: true } : { ok: false, code: error?.code ?? 'service_error', message: error?.message ?? '' };

const HOW: ReadonlyMap<string, Ending['how']> = new Map([
  ['ENDED', 'ended'],
  ['REJECTED', 'rejected'],
  ['CANCELLED', 'cancelled'],
  ['MISSED', 'timeout'],
  ['FAILED', 'failed'],
]);

/** A dialect on a raw WebSocket: small, as an app might write it itself. */
export class RawWire implements Wire {
  readonly #words: RawWords;
  readonly #options: WireOptions;
  readonly #link: RawLink;
  readonly #asked = new Map<string, (reply: Reply) => void>();

  constructor(words: RawWords, options: WireOptions) {
    this.#words = words;
    this.#options = options;
    const { url, getToken, hear, log } = options;
    this.#link = new RawLink({
      url: `${url.replace(/^http/, 'ws')}${words.path}`,
      getToken,
      onFrame: (frame) => this.#onFrame(frame),
      onState: (state) => {
        log({ direction: 'note', word: state, body: {} });
        hear({ kind: 'link', state });
      },
    });
  }

  place(place: Place): Promise<Reply> {
    const { type, payload } = this.#words.place(place);
    return this.#ask(type, payload);
  }

  acknowledge(callId: string): void {
    void this.#say('acknowledge', callId);
  }

  accept(callId: string): Promise<Reply> {
    return this.#say('accept', callId);
  }

  reject(callId: string): Promise<Reply> {
    return this.#say('reject', callId, { reason: 'declined' });
  }

  cancel(callId: string): Promise<Reply> {
    return this.#say('cancel', callId);
  }

  end(callId: string): Promise<Reply> {
    return this.#say('end', callId);
  }

  connected(callId: string): Promise<Reply> {
    return this.#say('connected', callId);
  }

  signal(callId: string, signal: CallSignal): Promise<Reply> {
    return this.#say('signal', callId, { signal });
  }

  lookUp(callId: string): void {
    void this.#learn(callId);
  }

  reconnectNow(): void {
    this.#link.reconnectNow();
  }

  close(): void {
    this.#link.close();
  }

  #say(verb: Verb, callId: string, more: object = {}): Promise<Reply> {
    return this.#ask(this.#words.verbs[verb], { callId, ...more });
  }

  #ask(type: string, payload: object): Promise<Reply> {
    const requestId = mintId();
    this.#options.log({ direction: 'out', word: type, body: payload });
    if (!this.#link.send({ type, payload, requestId })) return Promise.resolve(UNSENT);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered(requestId, UNANSWERED), ANSWER_PATIENCE_MS);
      this.#asked.set(requestId, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
    });
  }

  #answered(requestId: string, reply: Reply): void {
    this.#asked.get(requestId)?.(reply);
    this.#asked.delete(requestId);
  }

  #onFrame({ type, payload, data, requestId }: Frame): void {
    const body: Body = data ?? payload ?? {};
    this.#options.log({ direction: 'in', word: type, body });
    if (type === 'ack') return this.#answered(requestId ?? '', replyIn(payload as unknown as Ack));
    const news = this.#words.heard.get(type)?.(body, body.callId ?? '');
    if (news) this.#options.hear(news);
  }

  /** A caller that was away is told of a call that lives, and asks for one that does not. */
  async #learn(callId: string): Promise<void> {
    const { restUrl, getToken, hear } = this.#options;
    const headers = { authorization: `Bearer ${await getToken()}` };
    const response = await fetch(`${restUrl}/api/v1/calls/${encodeURIComponent(callId)}`, { headers }).catch(() => null);
    if (response?.status === NOT_FOUND)
      hear({ kind: 'over', callId, ending: { how: 'failed', reason: '', by: null, durationSeconds: null } });
    if (!response?.ok) return;
    const { data: call } = (await response.json()) as { data: CallView };
    const how = HOW.get(call.status);
    if (how !== undefined) hear({ kind: 'over', callId, ending: { how, reason: '', by: null, durationSeconds: call.durationSeconds } });
  }
}
