import type { Call } from '@trunkline/contract';
import { errorOf } from './answers.ts';
import type { Asked, Dialect, JsonFrame } from './dialect.ts';
import { answerJson, decodeJsonFrame, isoTime } from './json-frames.ts';
import { OTOMO_WORDS } from './otomo-words.ts';
import { REASON_WORDS, systemEndReason } from './reasons.ts';
import type { Telling } from './telling.ts';

const frame = (type: string, payload: object): JsonFrame => ({ json: { type, payload } });

/** A call in which nobody answered: the user reads a reject, the otomo a cancel. */
const timedOut = ({ callId, call, at }: Telling, isCallee: boolean): JsonFrame => {
  const timed = { reason: REASON_WORDS.no_response.otomo, timestamp: isoTime(at) };
  return isCallee ? frame('call_cancelled', { callId, ...timed }) : frame('call_rejected', { callId, otomoId: call.calleeId, ...timed });
};

const encode = (telling: Telling): JsonFrame => {
  const { callId, call } = telling;
  const timestamp = isoTime(telling.at);
  switch (telling.kind) {
    case 'incoming': {
      const { callerId: userId, callType } = call;
      const expiresAt = isoTime(telling.expiresAt);
      return frame('call_request', { callId, userId, userName: telling.callerName, callType, timestamp, expiresAt });
    }
    case 'ringing':
      return frame('call_ringing', { callId, otomoId: call.calleeId, timestamp });
    // When both rang each other, each had asked for the other: who accepted is whom the viewer asked for.
    case 'accepted':
      return frame('call_accepted', { callId, otomoId: telling.acceptedBy, timestamp });
    case 'rejected':
      return frame('call_rejected', { callId, otomoId: call.calleeId, reason: REASON_WORDS[telling.reason].otomo, timestamp });
    case 'cancelled':
      return frame('call_cancelled', { callId, reason: REASON_WORDS[telling.reason].otomo, timestamp });
    case 'timed_out':
      return timedOut(telling, telling.isCallee);
    case 'ended': {
      const { endedBy, durationSeconds, reason } = telling;
      return frame('call_ended', { callId, endedBy, durationSeconds, ...systemEndReason(reason), timestamp });
    }
    case 'quality_warning':
      return frame('call_quality_warning', { callId, quality: telling.quality });
    case 'signal':
      return frame('call_signal', { callId, signal: telling.signal });
    case 'presence':
      return frame(telling.isOnline ? 'user_online' : 'user_offline', { userId: telling.userId, timestamp });
  }
};

/** Names the call and the otomo as the request did, also when it was merged into another call. */
const placed = (call: Call, { callId, calleeId }: Asked): JsonFrame =>
  frame('call_requested', {
    callId: callId ?? call.id,
    otomoId: calleeId ?? call.calleeId,
    status: call.state,
    timestamp: isoTime(call.updatedAt),
  });

/** JSON on a raw WebSocket at `/ws/otomo`, as the Otomo apps speak it, user and otomo alike. See docs/dialects/otomo.md. */
export const otomo: Dialect<JsonFrame> = {
  name: 'otomo',
  decode: (received) => decodeJsonFrame(OTOMO_WORDS, received),
  encode,
  answer: (reply, asked) => answerJson(reply, asked, { placed, refused: (error) => frame('call_error', errorOf(error, asked)) }),
  closing: () => null,
};
