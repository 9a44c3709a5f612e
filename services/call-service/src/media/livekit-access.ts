import { createSecretKey } from 'node:crypto';
import type { LiveKitAccess } from '@trunkline/contract';
import { SignJWT } from 'jose';
import type { MediaParty } from './media-party.ts';
import type { MediaSettings } from './media-settings.ts';

/** Null where LiveKit is not set up. */
export const livekitAccess = (settings: MediaSettings): ((party: MediaParty, now: number) => Promise<LiveKitAccess>) | null => {
  const { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = settings;
  if (url === undefined || apiKey === undefined || apiSecret === undefined) return null;
  const key = createSecretKey(apiSecret, 'utf8');
  return async ({ userId: identity, room, ttlSeconds }, now) => {
    // Without `nbf`: a LiveKit whose clock is behind would refuse who has just accepted.
    const token = await new SignJWT({ video: { room, roomJoin: true, canPublish: true, canSubscribe: true } })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(apiKey)
      .setSubject(identity)
      .setExpirationTime(Math.floor(now / 1000) + ttlSeconds)
      .sign(key);
    return { url, identity, token };
  };
};
