import { exactText, integer, list, type Rule } from '@trunkline/service-kit';
import { z } from 'zod';

const AGORA_ID = /^[0-9a-f]{32}$/i;
const ICE_URL = /^(stuns?|turns?):[^\s/?]+(\?transport=(udp|tcp))?$/;

const agoraId = () => z.string().regex(AGORA_ID, 'must have 32 hexadecimal digits').optional();

export const mediaSettings = {
  AGORA_APP_ID: agoraId().describe('Agora: the app for whose channels participants of an accepted call get tokens'),
  AGORA_APP_CERTIFICATE: agoraId().describe('Agora: the certificate that signs them'),
  LIVEKIT_URL: z
    .url({ protocol: /^(wss?|https?)$/, error: 'must be a wss:// URL' })
    .optional()
    .describe('LiveKit: where clients connect to, told to them with their tokens'),
  LIVEKIT_API_KEY: exactText().optional().describe('LiveKit: the name of the key that signs the tokens'),
  LIVEKIT_API_SECRET: exactText().optional().describe('LiveKit: the key'),
  TURN_URLS: list()
    .pipe(z.array(z.string().regex(ICE_URL, 'must be stun:, stuns:, turn: or turns: URLs')))
    .default([])
    .describe('STUN and TURN servers for WebRTC, separated by commas, as `turn:turn.example:3478?transport=udp`'),
  TURN_SECRET: exactText()
    .min(16, 'must have at least 16 characters')
    .optional()
    .describe('The secret that is shared with the TURN servers (`static-auth-secret` of coturn)'),
  MEDIA_TTL_SECONDS: integer(60, 86_400).default(3600).describe('How long a media credential holds'),
};

export type MediaSettings = Readonly<z.output<z.ZodObject<typeof mediaSettings>>>;

export const isTurn = (url: string): boolean => /^turns?:/i.test(url);
const isStun = (url: string): boolean => /^stuns?:/i.test(url);

const TOGETHER = [
  ['AGORA_APP_ID', 'AGORA_APP_CERTIFICATE'],
  ['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET'],
] as const;

/** Null: what is neither a STUN nor a TURN server may have been meant as either. */
const namesTurn = (urls: readonly string[]): boolean | null => {
  if (urls.some(isTurn)) return true;
  return urls.every(isStun) ? false : null;
};

/** Half a provider is a mistake, which nobody should find out in a call. */
export const requireWholeProviders: Rule<MediaSettings> = {
  judgeGiven: (given, context) => {
    for (const names of TOGETHER) {
      const missing = names.filter((name) => given[name] === undefined);
      if (missing.length === names.length) continue;
      for (const name of missing)
        context.addIssue({ code: 'custom', path: [name], message: `goes with ${names.join(', ')}: set all or none` });
    }
    const needsSecret = namesTurn(list().parse(given.TURN_URLS ?? ''));
    if (needsSecret !== null && needsSecret !== (given.TURN_SECRET !== undefined))
      context.addIssue({
        code: 'custom',
        path: ['TURN_SECRET'],
        message: 'goes with a turn: or turns: URL in TURN_URLS: set both or none',
      });
  },
};
