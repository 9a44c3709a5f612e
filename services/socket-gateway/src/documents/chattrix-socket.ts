import { CallQuality, CallSignal, CallType, CallView } from '@trunkline/contract';
import { z } from 'zod';
import { CHATTRIX_WORDS } from '../dialects/chattrix-words.ts';
import { REASON_WORDS } from '../dialects/reasons.ts';
import { CallError, EndedBy, IsoTime, SystemEndReason } from './call-answers.ts';
import { JsonAcknowledgement, jsonSays } from './json-says.ts';
import type { SocketLanguage } from './socket-language.ts';

const callId = z.string();
const reason = z.enum([...new Set(Object.values(REASON_WORDS).map(({ chattrix }) => chattrix))]);

const tells = <Fields extends z.ZodType>(type: string, data: Fields) => ({
  [type]: z.strictObject({ type: z.literal(type), data, timestamp: IsoTime }),
});

export const CHATTRIX_SOCKET: SocketLanguage = {
  title: 'Chattrix: WebSocket',
  description:
    'Text frames of JSON on a raw WebSocket. The token goes into `?token=`, an `Authorization` header, or the subprotocol `bearer, <jwt>`.',
  address: '/ws/chat',
  transport: 'websocket',
  says: jsonSays(CHATTRIX_WORDS),
  tells: {
    ...tells('call_initiated', CallView),
    ...tells(
      'call_invitation',
      z.strictObject({
        callId,
        channelId: z.string(),
        callerId: z.string(),
        callerName: z.string(),
        callerAvatar: z.string().nullable(),
        callType: CallType,
      }),
    ),
    ...tells('call_ringing', z.strictObject({ callId })),
    ...tells('call_accepted', z.strictObject({ callId, acceptedBy: z.string() })),
    ...tells('call_rejected', z.strictObject({ callId, rejectedBy: z.string(), reason })),
    ...tells('call_cancelled', z.strictObject({ callId, cancelledBy: EndedBy, reason })),
    ...tells('call_timeout', z.strictObject({ callId })),
    ...tells('call_ended', z.strictObject({ callId, endedBy: EndedBy, durationSeconds: z.number(), reason: SystemEndReason })),
    ...tells('call_quality_warning', z.strictObject({ callId, quality: CallQuality })),
    ...tells('call_signal', z.strictObject({ callId, signal: CallSignal })),
    ...tells('user_online', z.strictObject({ userId: z.string() })),
    ...tells('user_offline', z.strictObject({ userId: z.string() })),
    call_error: z.strictObject({ type: z.literal('call_error'), payload: CallError }),
  },
  acknowledges: JsonAcknowledgement,
};
