import type { AgoraAccess } from '@trunkline/contract';
import agora from 'agora-token';
import type { MediaParty } from './media-party.ts';
import type { MediaSettings } from './media-settings.ts';

// CommonJS, whose names Node does not find.
const { RtcRole, RtcTokenBuilder } = agora;

/** A number for each side: user ids are no numbers, and Agora's text accounts refuse many of them. */
const UIDS = { caller: 1, callee: 2 } as const;

/** Null where Agora is not set up. */
export const agoraAccess = (settings: MediaSettings): ((party: MediaParty) => AgoraAccess) | null => {
  const { AGORA_APP_ID: appId, AGORA_APP_CERTIFICATE: certificate } = settings;
  if (appId === undefined || certificate === undefined) return null;
  return ({ room, side, ttlSeconds }) => {
    const uid = UIDS[side];
    const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, room, uid, RtcRole.PUBLISHER, ttlSeconds, ttlSeconds);
    return { appId, channel: room, uid, token };
  };
};
