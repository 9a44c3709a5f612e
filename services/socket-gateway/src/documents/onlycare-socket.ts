import { CallQuality, CallSignal, CallType, RequestId } from '@trunkline/contract';
import { z } from 'zod';
import { ONLYCARE_WORDS } from '../dialects/onlycare-words.ts';
import { CallAcknowledgement, CallError, Closing, EndedBy, EpochTime } from './call-answers.ts';
import type { SocketLanguage } from './socket-language.ts';

const callId = z.string();
const timestamp = EpochTime;
const reason = z.string().describe('A text for people: the one given, else one of ours');
const stopped = z.strictObject({ callId, reason, timestamp });
const presence = z.strictObject({ userId: z.string(), timestamp });

const named = z.object({ requestId: RequestId.nullish() });

export const ONLYCARE_SOCKET: SocketLanguage = {
  title: 'OnlyCare: Socket.IO',
  description: 'Socket.IO 4 on `/`. The token goes into `auth.token` or an `Authorization` header. Every event may ask for an ack.',
  address: '/socket.io/',
  transport: 'socket.io',
  says: {
    ...Object.fromEntries([...ONLYCARE_WORDS.commands].map(([word, schema]) => [word, z.intersection(schema, named)])),
    [ONLYCARE_WORDS.refresh]: z.object({ token: z.string() }),
  },
  tells: {
    'call:incoming': z.strictObject({
      callId,
      callerId: z.string(),
      callerName: z.string(),
      callerAvatar: z.string().nullable(),
      callType: CallType,
      channelId: z.string(),
      timestamp,
      expiresAt: EpochTime,
    }),
    'call:ringing': z.strictObject({ callId }),
    'call:accepted': z.strictObject({ callId, acceptedBy: z.string(), channelId: z.string(), timestamp }),
    'call:rejected': stopped,
    'call:cancelled': stopped,
    'call:timeout': stopped,
    'call:ended': z.strictObject({ callId, endedBy: EndedBy, reason, durationSeconds: z.number(), timestamp }),
    'call:quality': z.strictObject({ callId, quality: CallQuality }),
    'call:signal': z.strictObject({ callId, signal: CallSignal }),
    user_online: presence,
    user_offline: presence,
    'call:error': CallError,
    'connection:closing': Closing,
  },
  acknowledges: CallAcknowledgement,
};
