import { textField } from './json-text.ts';
import { type CallWire, type Heard, OTHER, type Word } from './wire.ts';

const WORDS: ReadonlyMap<string, Word> = new Map<string, Word>([
  ['call:incoming', 'incoming'],
  ['call:accepted', 'accepted'],
  ['call:rejected', 'rejected'],
  ['call:cancelled', 'cancelled'],
  ['call:ended', 'ended'],
  ['call:timeout', 'timed_out'],
  ['call:error', 'refused'],
  ['user_online', 'online'],
  ['user_offline', 'offline'],
]);

/** What a callee's phone is told of a call that nobody answered. */
const NO_ANSWER = 'No answer';

const EVENT = '42["';

const readEvent = (frame: string): Heard => {
  const word = WORDS.get(frame.slice(EVENT.length, frame.indexOf('"', EVENT.length)));
  if (word === undefined) return OTHER;
  const callId = textField(frame, 'callId');
  if (word === 'refused') return { word, callId, code: textField(frame, 'errorType') ?? 'unknown' };
  return { word: word === 'cancelled' && textField(frame, 'reason') === NO_ANSWER ? 'timed_out' : word, callId };
};

const readAck = (frame: string): Heard =>
  frame.includes('"ok":true')
    ? { word: 'placed', callId: textField(frame, 'id') }
    : { word: 'refused', callId: null, code: textField(frame, 'code') ?? 'unknown' };

const READY: Heard = { word: 'ready', callId: null };
const HELLO: Heard = { word: 'hello', callId: null };
const PING: Heard = { word: 'ping', callId: null };

/** Engine.IO and Socket.IO packets by hand: `<engine type><packet type><ack id>[event, body]`. */
const read = (frame: string): Heard => {
  if (frame.startsWith(EVENT)) return readEvent(frame);
  if (frame.startsWith('43')) return readAck(frame);
  if (frame.startsWith('40')) return READY;
  if (frame.startsWith('44')) return { word: 'refused', callId: null, code: 'connection refused' };
  if (frame.startsWith('0')) return HELLO;
  return frame === '2' ? PING : OTHER;
};

/** Socket.IO over a WebSocket, without its client. Only a place asks for an acknowledgement. */
export const onlycareWire: CallWire = {
  name: 'onlycare',
  path: () => '/socket.io/?EIO=4&transport=websocket',
  opening: (token) => `40${JSON.stringify({ token })}`,
  pong: '3',
  place: (receiverId, ringTimeoutSeconds) =>
    `420${JSON.stringify(['call:initiate', { receiverId, callType: 'AUDIO', ...(ringTimeoutSeconds === null ? {} : { ringTimeoutSeconds }) }])}`,
  say: (verb, callId) => `42["call:${verb}",{"callId":"${callId}"}]`,
  read,
};
