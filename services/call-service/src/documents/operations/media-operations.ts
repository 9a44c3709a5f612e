import type { MediaAccess } from '@trunkline/contract';
import { z } from 'zod';
import type { Operations } from '../operation.ts';

const Access: z.ZodType<MediaAccess> = z
  .object({
    room: z.string(),
    expiresAt: z.iso.datetime(),
    ttlSeconds: z.int(),
    agora: z.object({ appId: z.string(), channel: z.string(), uid: z.int(), token: z.string() }).nullable(),
    livekit: z.object({ url: z.string(), identity: z.string(), token: z.string() }).nullable(),
    iceServers: z.array(
      z.object({ urls: z.array(z.string()), username: z.string().exactOptional(), credential: z.string().exactOptional() }),
    ),
  })
  .meta({ id: 'MediaAccess' });

export const MEDIA_OPERATIONS: Operations = {
  'POST /v1/calls/:callId/media': {
    tag: 'calls',
    summary: 'Credentials for the media of an accepted call',
    description: 'Each participant’s own, made anew each time. What is not set up is null.',
    asks: 'user',
    answers: { 200: { what: 'For the media provider’s own library', schema: Access } },
    refusals: ['call_not_found', 'unauthorized', 'invalid_status'],
  },
};
