export type Verb = 'place' | 'accept' | 'reject' | 'cancel' | 'end';

/** What a device can be told of a call. */
export type Word = 'incoming' | 'ringing' | 'accepted' | 'rejected' | 'cancelled' | 'timed_out' | 'ended';

export interface Ask {
  verb: Verb;
  callId: string;
  /** Counts what one device asks; the same at every repetition. */
  number: number;
  requestId: string;
  /** With `place`. */
  calleeId?: string;
  ringSeconds?: number;
}

export type Answer = { ok: true; status: string } | { ok: false; code: string; status: string | null };

export type Said =
  | { kind: 'hello' | 'ready' | 'ping' | 'other' }
  | { kind: 'refused'; code: string }
  | { kind: 'answer'; number: number; answer: Answer }
  | { kind: 'told'; word: Word; callId: string; reason: string | null; expiresAt: number | null };

/** A dialect from a device's side, where every command asks for its answer. */
export interface Wire {
  readonly name: string;
  url(gateway: string, token: string): string;
  /** What a device says when it hears `hello`; null where an open socket is ready. */
  opening(token: string): string | null;
  readonly pong: string;
  ask(ask: Ask): string;
  read(frame: string): Said;
}

interface AnswerBody {
  ok: boolean;
  call?: { status: string };
  error?: { code: string; status?: string };
}

interface ToldBody {
  callId?: string;
  reason?: string;
  expiresAt?: string | number;
}

const OTHER: Said = { kind: 'other' };

const answerOf = ({ ok, call, error }: AnswerBody): Answer =>
  ok ? { ok, status: call?.status ?? 'unknown' } : { ok, code: error?.code ?? 'unknown', status: error?.status ?? null };

const expiryOf = (expiresAt: string | number | undefined): number | null =>
  expiresAt === undefined ? null : new Date(expiresAt).getTime();

/** What both sides are told of a ring that nobody answered, where the dialect has no word for it. */
const NO_ANSWER: ReadonlySet<string | undefined> = new Set(['No answer', 'no_response']);

const toldOf = (words: ReadonlyMap<string, Word>, name: string, body: ToldBody | undefined): Said => {
  const word = words.get(name);
  if (word === undefined || body?.callId === undefined) return OTHER;
  const isTimeout = NO_ANSWER.has(body.reason) && (word === 'rejected' || word === 'cancelled');
  return {
    kind: 'told',
    word: isTimeout ? 'timed_out' : word,
    callId: body.callId,
    reason: body.reason ?? null,
    expiresAt: expiryOf(body.expiresAt),
  };
};

const wordsWith = (prefix: string, own: readonly [string, Word][]): ReadonlyMap<string, Word> =>
  new Map<string, Word>([
    ...(['ringing', 'accepted', 'rejected', 'cancelled', 'ended'] as const).map((word) => [prefix + word, word] as const),
    ...own,
  ]);

const ONLYCARE_WORDS = wordsWith('call:', [
  ['call:incoming', 'incoming'],
  ['call:timeout', 'timed_out'],
]);

const readSocketIo = (frame: string): Said => {
  const json = (): unknown[] => JSON.parse(frame.slice(frame.indexOf('['))) as unknown[];
  if (frame.startsWith('42')) {
    const [name, body] = json() as [string, ToldBody | undefined];
    return toldOf(ONLYCARE_WORDS, name, body);
  }
  if (frame.startsWith('43'))
    return { kind: 'answer', number: Number.parseInt(frame.slice(2), 10), answer: answerOf(json()[0] as AnswerBody) };
  if (frame.startsWith('40')) return { kind: 'ready' };
  if (frame.startsWith('44')) return { kind: 'refused', code: frame };
  if (frame.startsWith('0')) return { kind: 'hello' };
  return frame === '2' ? { kind: 'ping' } : OTHER;
};

const placeFields = ({ calleeId, ringSeconds }: Ask, callee: string): object =>
  calleeId === undefined ? {} : { [callee]: calleeId, callType: 'AUDIO', ringTimeoutSeconds: ringSeconds };

/** Socket.IO over a WebSocket by hand: `<engine type><packet type><ack id>[event, body]`. */
const onlycare: Wire = {
  name: 'onlycare',
  url: (gateway) => `${gateway.replace('http', 'ws')}socket.io/?EIO=4&transport=websocket`,
  opening: (token) => `40${JSON.stringify({ token })}`,
  pong: '3',
  ask: (ask) => {
    const { verb, callId, number, requestId } = ask;
    const event = verb === 'place' ? 'call:initiate' : `call:${verb}`;
    return `42${number}${JSON.stringify([event, { callId, requestId, ...placeFields(ask, 'receiverId') }])}`;
  },
  read: readSocketIo,
};

interface JsonFrame {
  type: string;
  requestId?: string;
  data?: ToldBody;
  payload?: ToldBody & AnswerBody;
}

interface JsonWords {
  name: string;
  path: string;
  prefix: string;
  place: string;
  callee: string;
  words: ReadonlyMap<string, Word>;
}

/** The number is the last part of a request id. */
const numberIn = (requestId: string): number => Number(requestId.slice(requestId.lastIndexOf('-') + 1));

const jsonWire = ({ name, path, prefix, place, callee, words }: JsonWords): Wire => ({
  name,
  url: (gateway, token) => `${gateway.replace('http', 'ws')}${path}?token=${token}`,
  opening: () => null,
  pong: '',
  ask: (ask) => {
    const { verb, callId, requestId } = ask;
    const payload = { callId, ...placeFields(ask, callee) };
    return JSON.stringify({ type: verb === 'place' ? place : prefix + verb, requestId, payload });
  },
  read: (text) => {
    const { type, requestId, data, payload } = JSON.parse(text) as JsonFrame;
    if (type !== 'ack') return toldOf(words, type, data ?? payload);
    return requestId === undefined || payload === undefined
      ? OTHER
      : { kind: 'answer', number: numberIn(requestId), answer: answerOf(payload) };
  },
});

const chattrix = jsonWire({
  name: 'chattrix',
  path: 'ws/chat',
  prefix: 'call.',
  place: 'call.initiate',
  callee: 'calleeId',
  words: wordsWith('call_', [
    ['call_invitation', 'incoming'],
    ['call_timeout', 'timed_out'],
  ]),
});

const otomo = jsonWire({
  name: 'otomo',
  path: 'ws/otomo',
  prefix: 'call_',
  place: 'call_request',
  callee: 'otomoId',
  words: wordsWith('call_', [['call_request', 'incoming']]),
});

export const WIRES: readonly Wire[] = [onlycare, chattrix, otomo];
