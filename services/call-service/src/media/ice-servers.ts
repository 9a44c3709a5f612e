import { createHmac } from 'node:crypto';
import type { IceServer } from '@trunkline/contract';
import type { MediaParty } from './media-party.ts';
import { isTurn, type MediaSettings } from './media-settings.ts';

/** Credentials as TURN servers with a shared secret take them (draft-uberti-behave-turn-rest-00, coturn's `use-auth-secret`). */
const turnServer = (urls: string[], secret: string, { userId, ttlSeconds }: MediaParty, now: number): IceServer => {
  const username = `${Math.floor(now / 1000) + ttlSeconds}:${userId}`;
  return { urls, username, credential: createHmac('sha1', secret).update(username).digest('base64') };
};

/** One entry for what needs no credentials, and one for what does. */
export const iceServers = ({ TURN_URLS, TURN_SECRET }: MediaSettings): ((party: MediaParty, now: number) => IceServer[]) => {
  const stun = TURN_URLS.filter((url) => !isTurn(url));
  const turn = TURN_URLS.filter(isTurn);
  return (party, now) => [
    ...(stun.length === 0 ? [] : [{ urls: stun }]),
    ...(turn.length === 0 || TURN_SECRET === undefined ? [] : [turnServer(turn, TURN_SECRET, party, now)]),
  ];
};
