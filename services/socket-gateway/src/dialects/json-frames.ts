import type { Call, Refusal } from '@trunkline/contract';
import { acknowledgementOf } from './answers.ts';
import { askedIn, decodeSaying, isObject, NOTHING_ASKED, unreadable, type Vocabulary } from './decoding.ts';
import type { Answer, Asked, Decoded, JsonFrame, Reply } from './dialect.ts';
import { rememberLast } from './remember-last.ts';

interface Envelope {
  readonly type?: unknown;
  readonly payload?: unknown;
  readonly requestId?: unknown;
}

/** What a client means by `{type, payload, requestId?}`. */
export const decodeJsonFrame = (vocabulary: Vocabulary, { json }: JsonFrame): Decoded => {
  if (json === undefined) return unreadable(NOTHING_ASKED, 'The message is not JSON text, or is nested too deeply');
  if (!isObject(json)) return unreadable(NOTHING_ASKED, 'The message must be an object');
  const { type, payload, requestId }: Envelope = json;
  if (typeof type !== 'string') return unreadable(askedIn(payload, requestId), 'type: must be text');
  return decodeSaying(vocabulary, { word: type, body: payload, requestId });
};

interface AnswerFrames {
  /** A place that succeeded. */
  placed(call: Call, asked: Asked): JsonFrame;
  refused(error: Refusal, asked: Asked): JsonFrame;
}

/** Who named the request gets an ack; who did not hears of refusals, and of a call that it placed. */
export const answerJson = (reply: Reply, asked: Asked, { placed, refused }: AnswerFrames): Answer<JsonFrame> => {
  const { requestId, calleeId } = asked;
  if (requestId !== null) return { frame: { json: { type: 'ack', requestId, payload: acknowledgementOf(reply, asked) } } };
  if (!reply.ok) return { frame: refused(reply.error, asked) };
  return reply.call === null || calleeId === undefined ? null : { frame: placed(reply.call, asked) };
};

const MAX_DATE = 8.64e15;
const SECOND_MS = 1000;

/** A whole second as `2026-01-01T00:00:00.`: what comes together is mostly of the same. */
const secondText = rememberLast((second: number) => new Date(second * SECOND_MS).toISOString().slice(0, -'000Z'.length));

/** Epoch milliseconds as ISO 8601 in UTC. */
export const isoTime = (at: number): string => {
  const milliseconds = Math.trunc(Math.min(MAX_DATE, Math.max(-MAX_DATE, at)));
  const second = Math.floor(milliseconds / SECOND_MS);
  return `${secondText(second)}${String(milliseconds - second * SECOND_MS).padStart(3, '0')}Z`;
};
