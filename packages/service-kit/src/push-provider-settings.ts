import { z } from 'zod';
import type { Rule } from './config.ts';
import { vapidPublicKeyOf } from './push-credentials.ts';

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

export const fcmEndpoint = () =>
  z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).refine((text) => {
    const url = URL.parse(text);
    return url === null || url.protocol === 'https:' || isLoopback(url);
  }, 'may be http:// on a loopback address alone');

const key = (bytes: number) =>
  z
    .string()
    .refine((text) => /^[\w-]+$/.test(text) && Buffer.from(text, 'base64url').length === bytes, `must be ${bytes} bytes in base64url`);

/** By what Web Push services know who sends (VAPID, RFC 8292). */
export const vapidSettings = {
  VAPID_PUBLIC_KEY: key(65).optional().describe('The public key that Web Push subscriptions are made for'),
  VAPID_PRIVATE_KEY: key(32).optional().describe('The private key that goes with `VAPID_PUBLIC_KEY`'),
  VAPID_SUBJECT: z
    .string()
    .regex(/^(?:mailto:\S+@\S+|https:\/\/\S+)$/, 'must be a mailto: or https: URL')
    .optional()
    .describe('Whom a Web Push service may write to about these pushes: a `mailto:` or `https:` URL'),
};

type Vapid = z.output<z.ZodObject<typeof vapidSettings>>;
export const VAPID_NAMES = Object.keys(vapidSettings) as (keyof Vapid)[];

/** Asks for all of VAPID or nothing. */
export const requireWholeVapid: Rule<Vapid> = {
  judgeGiven: (given, context) => {
    const missing = VAPID_NAMES.filter((name) => given[name] === undefined);
    if (missing.length === VAPID_NAMES.length) return;
    for (const name of missing) context.addIssue({ code: 'custom', path: [name], message: 'is needed beside the other VAPID settings' });
  },
};

/** Asks for keys that belong together. */
export const requireVapidPair: Rule<Vapid> = {
  judge: ({ VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY }, context) => {
    if (VAPID_PRIVATE_KEY === undefined || VAPID_PUBLIC_KEY === undefined) return;
    if (vapidPublicKeyOf(VAPID_PRIVATE_KEY) !== VAPID_PUBLIC_KEY)
      context.addIssue({ code: 'custom', path: ['VAPID_PRIVATE_KEY'], message: 'does not belong to VAPID_PUBLIC_KEY' });
  },
};
