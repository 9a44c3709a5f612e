import { textField } from './json-text.ts';
import { type Heard, OTHER, type Wire } from './wire.ts';

/** Where Socket.IO puts a namespace: between the packet's type and what it carries. */
const NAMESPACE = '/chat,';
const EVENT = `42${NAMESPACE}["`;
const ACK = `43${NAMESPACE}`;
const WORDS_BEFORE_NUMBER = 'On my way, the shop is around the corner ';

const HELLO: Heard = { word: 'hello', callId: null };
const PING: Heard = { word: 'ping', callId: null };
const READY: Heard = { word: 'ready', callId: null };

const readEvent = (frame: string): Heard => {
  if (frame.startsWith('new_message', EVENT.length)) {
    const content = textField(frame, 'content') ?? '';
    return { word: 'message', callId: null, number: Number(content.slice(content.lastIndexOf(' ') + 1)) };
  }
  if (frame.startsWith('connected', EVENT.length)) return READY;
  return frame.startsWith('error', EVENT.length) ? { word: 'refused', callId: null, code: textField(frame, 'code') ?? 'unknown' } : OTHER;
};

const readAck = (frame: string): Heard => {
  const number = Number(frame.slice(ACK.length, frame.indexOf('[')));
  if (frame.includes('"ok":true')) return { word: 'stored', callId: null, number };
  return { word: 'refused', callId: null, number, code: textField(frame, 'code') ?? 'unknown' };
};

const read = (frame: string): Heard => {
  if (frame.startsWith(EVENT)) return readEvent(frame);
  if (frame.startsWith(ACK)) return readAck(frame);
  if (frame.startsWith('44')) return { word: 'refused', callId: null, code: 'connection refused' };
  if (frame.startsWith('0')) return HELLO;
  return frame === '2' ? PING : OTHER;
};

/** What joining a chat is acknowledged with; messages are numbered from 1. */
const JOIN_NUMBER = 0;

/** Socket.IO on `/chat`, as the Otsy apps speak it. A message's number is in its text, and is what its acknowledgement is called. */
export const otsyWire = {
  name: 'otsy',
  path: () => '/socket.io/?EIO=4&transport=websocket',
  opening: (token) => `40${NAMESPACE}{"token":"${token}"}`,
  pong: '3',
  join: (chatId: string) => `42${NAMESPACE}${JOIN_NUMBER}["join_chat",{"chat_id":"${chatId}"}]`,
  message: (chatId: string, number: number) =>
    `42${NAMESPACE}${number}["send_message",{"chatId":"${chatId}","message":{"content":"${WORDS_BEFORE_NUMBER}${number}","type":"text"}}]`,
  read,
} as const satisfies Wire & Record<'join' | 'message', unknown>;
