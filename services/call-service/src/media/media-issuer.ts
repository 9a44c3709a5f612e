import type { MediaAccess } from '@trunkline/contract';
import type { CallRecord } from '../calls/call-record.ts';
import { agoraAccess } from './agora-access.ts';
import { iceServers } from './ice-servers.ts';
import { livekitAccess } from './livekit-access.ts';
import type { MediaParty } from './media-party.ts';
import type { MediaSettings } from './media-settings.ts';

/** Makes credentials, each time anew. They MUST go to that participant alone, and are kept nowhere. */
export type MediaIssuer = (call: CallRecord, userId: string) => Promise<MediaAccess>;

export const createMediaIssuer = (settings: MediaSettings): MediaIssuer => {
  const { MEDIA_TTL_SECONDS: ttlSeconds } = settings;
  const agora = agoraAccess(settings);
  const livekit = livekitAccess(settings);
  const ice = iceServers(settings);
  return async (call, userId) => {
    const now = Date.now();
    // Not the channel id, which its caller chooses: that would open other people's rooms.
    const party: MediaParty = { userId, room: call.id, side: userId === call.callerId ? 'caller' : 'callee', ttlSeconds };
    return {
      room: party.room,
      expiresAt: new Date(now + ttlSeconds * 1000).toISOString(),
      ttlSeconds,
      agora: agora?.(party) ?? null,
      livekit: (await livekit?.(party, now)) ?? null,
      iceServers: ice(party, now),
    };
  };
};
