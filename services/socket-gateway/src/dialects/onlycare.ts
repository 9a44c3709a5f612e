import { acknowledgementOf, errorOf } from './answers.ts';
import { closingEvent } from './closing-event.ts';
import { decodeSaying, isObject, NOTHING_ASKED, unreadable } from './decoding.ts';
import type { Answer, Asked, Decoded, Dialect, EventFrame, Reply } from './dialect.ts';
import { ONLYCARE_WORDS } from './onlycare-words.ts';
import { onlycareReason } from './reasons.ts';
import type { Telling } from './telling.ts';

interface Body {
  readonly requestId?: unknown;
}

const decode = ({ event, body }: EventFrame): Decoded => {
  if (event === null) return unreadable(NOTHING_ASKED, 'The packet is malformed, binary or nested too deeply');
  const { requestId }: Body = isObject(body) ? body : {};
  return decodeSaying(ONLYCARE_WORDS, { word: event, body, requestId });
};

const encode = (telling: Telling): EventFrame => {
  const { callId, call, at: timestamp } = telling;
  switch (telling.kind) {
    case 'incoming': {
      const { callerId, callerAvatar, callType, channelId } = call;
      const { callerName, expiresAt } = telling;
      const body = { callId, callerId, callerName, callerAvatar, callType, channelId, timestamp, expiresAt };
      return { event: 'call:incoming', body };
    }
    case 'ringing':
      return { event: 'call:ringing', body: { callId } };
    case 'accepted':
      return { event: 'call:accepted', body: { callId, acceptedBy: telling.acceptedBy, channelId: call.channelId, timestamp } };
    case 'rejected':
      return { event: 'call:rejected', body: { callId, reason: onlycareReason(telling.reason, call), timestamp } };
    case 'cancelled':
      return { event: 'call:cancelled', body: { callId, reason: onlycareReason(telling.reason, call), timestamp } };
    case 'timed_out': {
      const body = { callId, reason: onlycareReason('no_response', call), timestamp };
      return { event: telling.isCallee ? 'call:cancelled' : 'call:timeout', body };
    }
    case 'ended': {
      const { endedBy, durationSeconds } = telling;
      return { event: 'call:ended', body: { callId, endedBy, reason: onlycareReason(telling.reason, call), durationSeconds, timestamp } };
    }
    case 'quality_warning':
      return { event: 'call:quality', body: { callId, quality: telling.quality } };
    case 'signal':
      return { event: 'call:signal', body: { callId, signal: telling.signal } };
    case 'presence':
      return { event: telling.isOnline ? 'user_online' : 'user_offline', body: { userId: telling.userId, timestamp } };
  }
};

const answer = (reply: Reply, asked: Asked, acknowledges: boolean): Answer<EventFrame> => {
  if (acknowledges) return { acknowledgement: acknowledgementOf(reply, asked) };
  return reply.ok ? null : { frame: { event: 'call:error', body: errorOf(reply.error, asked) } };
};

/** Socket.IO on `/` with `call:*` events, as the OnlyCare apps speak it. See docs/dialects/onlycare.md. */
export const onlycare: Dialect<EventFrame> = {
  name: 'onlycare',
  decode,
  encode,
  answer,
  closing: closingEvent,
};
