import { CallQuality, CallSignal, CallState, CallType } from '@trunkline/contract';
import { z } from 'zod';
import { OTOMO_WORDS } from '../dialects/otomo-words.ts';
import { REASON_WORDS } from '../dialects/reasons.ts';
import { CallError, EndedBy, IsoTime, SystemEndReason } from './call-answers.ts';
import { JsonAcknowledgement, jsonSays } from './json-says.ts';
import type { SocketLanguage } from './socket-language.ts';

const callId = z.string();
const otomoId = z.string();
const timestamp = IsoTime;
const reason = z.enum([...new Set(Object.values(REASON_WORDS).map(({ otomo }) => otomo))]);

const tells = (type: string, payload: z.ZodType) => ({ [type]: z.strictObject({ type: z.literal(type), payload }) });

export const OTOMO_SOCKET: SocketLanguage = {
  title: 'Otomo: WebSocket',
  description: 'Text frames of JSON on a raw WebSocket, for users and otomos alike. Tokens as with Chattrix.',
  address: '/ws/otomo',
  transport: 'websocket',
  says: jsonSays(OTOMO_WORDS),
  tells: {
    ...tells('call_requested', z.strictObject({ callId, otomoId, status: CallState, timestamp })),
    ...tells(
      'call_request',
      z.strictObject({ callId, userId: z.string(), userName: z.string(), callType: CallType, timestamp, expiresAt: IsoTime }),
    ),
    ...tells('call_ringing', z.strictObject({ callId, otomoId, timestamp })),
    ...tells('call_accepted', z.strictObject({ callId, otomoId, timestamp })),
    ...tells('call_rejected', z.strictObject({ callId, otomoId, reason, timestamp })),
    ...tells('call_cancelled', z.strictObject({ callId, reason, timestamp })),
    ...tells('call_ended', z.strictObject({ callId, endedBy: EndedBy, durationSeconds: z.number(), reason: SystemEndReason, timestamp })),
    ...tells('call_quality_warning', z.strictObject({ callId, quality: CallQuality })),
    ...tells('call_signal', z.strictObject({ callId, signal: CallSignal })),
    ...tells('user_online', z.strictObject({ userId: z.string(), timestamp })),
    ...tells('user_offline', z.strictObject({ userId: z.string(), timestamp })),
    ...tells('call_error', CallError),
  },
  acknowledges: JsonAcknowledgement,
};
