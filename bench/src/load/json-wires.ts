import { textField } from './json-text.ts';
import { type CallWire, type Heard, OTHER, type Verb, type Word } from './wire.ts';

const NO_RESPONSE = 'no_response';
/** How every frame of these dialects begins. */
const TYPE = '{"type":"';

const typeOf = (text: string): string =>
  text.startsWith(TYPE) ? text.slice(TYPE.length, text.indexOf('"', TYPE.length)) : (JSON.parse(text) as { type: string }).type;

const heardIn = (words: ReadonlyMap<string, Word>, text: string): Heard => {
  const word = words.get(typeOf(text));
  if (word === undefined) return OTHER;
  const callId = textField(text, 'callId') ?? textField(text, 'id');
  if (word === 'refused') return { word, callId, code: textField(text, 'errorType') ?? 'unknown' };
  const isTimeout = (word === 'rejected' || word === 'cancelled') && textField(text, 'reason') === NO_RESPONSE;
  return { word: isTimeout ? 'timed_out' : word, callId };
};

interface JsonWords {
  name: CallWire['name'];
  path: string;
  place: { type: string; callee: string };
  prefix: string;
  heard: ReadonlyMap<string, Word>;
}

const SHARED: readonly [string, Word][] = [
  ['call_accepted', 'accepted'],
  ['call_rejected', 'rejected'],
  ['call_cancelled', 'cancelled'],
  ['call_ended', 'ended'],
  ['call_timeout', 'timed_out'],
  ['call_error', 'refused'],
  ['user_online', 'online'],
  ['user_offline', 'offline'],
];

const jsonWire = ({ name, path, place, prefix, heard }: JsonWords): CallWire => ({
  name,
  path: (token) => `${path}?token=${token}`,
  opening: () => null,
  pong: null,
  place: (calleeId, ringTimeoutSeconds) => {
    const payload = { [place.callee]: calleeId, callType: 'AUDIO', ...(ringTimeoutSeconds === null ? {} : { ringTimeoutSeconds }) };
    return JSON.stringify({ type: place.type, payload });
  },
  say: (verb: Verb, callId) => `{"type":"${prefix}${verb}","payload":{"callId":"${callId}"}}`,
  read: (text) => heardIn(heard, text),
});

/** JSON on `/ws/chat`, without request ids: a place is answered by a frame, the rest by what happens. */
export const chattrixWire = jsonWire({
  name: 'chattrix',
  path: '/ws/chat',
  place: { type: 'call.initiate', callee: 'calleeId' },
  prefix: 'call.',
  heard: new Map<string, Word>([...SHARED, ['call_initiated', 'placed'], ['call_invitation', 'incoming']]),
});

/** JSON on `/ws/otomo`. */
export const otomoWire = jsonWire({
  name: 'otomo',
  path: '/ws/otomo',
  place: { type: 'call_request', callee: 'otomoId' },
  prefix: 'call_',
  heard: new Map<string, Word>([...SHARED, ['call_requested', 'placed'], ['call_request', 'incoming']]),
});
