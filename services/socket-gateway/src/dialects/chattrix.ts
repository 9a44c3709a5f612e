import { viewOf } from '@trunkline/contract';
import { errorOf } from './answers.ts';
import { CHATTRIX_WORDS } from './chattrix-words.ts';
import type { Dialect, JsonFrame } from './dialect.ts';
import { answerJson, decodeJsonFrame, isoTime } from './json-frames.ts';
import { REASON_WORDS, systemEndReason } from './reasons.ts';
import type { Telling } from './telling.ts';

const frame = (type: string, data: object, at: number): JsonFrame => ({ json: { type, data, timestamp: isoTime(at) } });

const encode = (telling: Telling): JsonFrame => {
  const { callId, call, at } = telling;
  switch (telling.kind) {
    case 'incoming': {
      const { channelId, callerId, callerAvatar, callType } = call;
      return frame('call_invitation', { callId, channelId, callerId, callerName: telling.callerName, callerAvatar, callType }, at);
    }
    case 'ringing':
      return frame('call_ringing', { callId }, at);
    case 'accepted':
      return frame('call_accepted', { callId, acceptedBy: telling.acceptedBy }, at);
    case 'rejected':
      return frame('call_rejected', { callId, rejectedBy: call.calleeId, reason: REASON_WORDS[telling.reason].chattrix }, at);
    case 'cancelled':
      return frame('call_cancelled', { callId, cancelledBy: telling.cancelledBy, reason: REASON_WORDS[telling.reason].chattrix }, at);
    case 'timed_out':
      return frame('call_timeout', { callId }, at);
    case 'ended': {
      const { endedBy, durationSeconds, reason } = telling;
      return frame('call_ended', { callId, endedBy, durationSeconds, ...systemEndReason(reason) }, at);
    }
    case 'quality_warning':
      return frame('call_quality_warning', { callId, quality: telling.quality }, at);
    case 'signal':
      return frame('call_signal', { callId, signal: telling.signal }, at);
    case 'presence':
      return frame(telling.isOnline ? 'user_online' : 'user_offline', { userId: telling.userId }, at);
  }
};

/** JSON on a raw WebSocket at `/ws/chat`, as the Chattrix apps speak it. See docs/dialects/chattrix.md. */
export const chattrix: Dialect<JsonFrame> = {
  name: 'chattrix',
  decode: (received) => decodeJsonFrame(CHATTRIX_WORDS, received),
  encode,
  answer: (reply, asked) =>
    answerJson(reply, asked, {
      placed: (call) => frame('call_initiated', viewOf(call), call.updatedAt),
      refused: (error) => ({ json: { type: 'call_error', payload: errorOf(error, asked) } }),
    }),
  closing: () => null,
};
