import { integer, pushEndpointSettings, type Rule, serviceAccountIn, vapidPublicKeyOf } from '@trunkline/service-kit';
import { z } from 'zod';

/** Never quotes what it was given: that may be a private key. */
const serviceAccount = () =>
  z.string().transform((text, context) => {
    const account = serviceAccountIn(text);
    if (account !== null) return account;
    context.addIssue({ code: 'custom', message: "must be a service account's JSON, or the path of a file that holds it" });
    return z.NEVER;
  });

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

const fcmEndpoint = () =>
  z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).refine((text) => {
    const url = URL.parse(text);
    return url === null || url.protocol === 'https:' || isLoopback(url);
  }, 'may be http:// on a loopback address alone');

const key = (bytes: number) =>
  z
    .string()
    .refine((text) => /^[\w-]+$/.test(text) && Buffer.from(text, 'base64url').length === bytes, `must be ${bytes} bytes in base64url`);

const perSecond = () => integer(0, 100_000).default(0);

export const pushSettings = {
  FIREBASE_SERVICE_ACCOUNT: serviceAccount()
    .optional()
    .describe('The service account that FCM pushes are sent with: its JSON, or the path of a file that holds it'),
  GOOGLE_APPLICATION_CREDENTIALS: z
    .string()
    .optional()
    .describe('The path of application default credentials, which FCM pushes are sent with where there is no `FIREBASE_SERVICE_ACCOUNT`'),
  GOOGLE_CLOUD_PROJECT: z
    .string()
    .optional()
    .describe('The Firebase project. Where it is set and no credentials are, those of the machine are used (Google Cloud)'),
  FCM_ENDPOINT: fcmEndpoint()
    .optional()
    .describe('Sends FCM’s traffic there instead, with a fixed credential, for tests and dev; `http` on a loopback address alone'),
  FCM_RATE_PER_SECOND: perSecond().describe(
    'How many pushes a replica sends to FCM in a second; 0: as many as there are. Rings never wait',
  ),
  VAPID_PUBLIC_KEY: key(65).optional().describe('The public key that Web Push subscriptions are made for'),
  VAPID_PRIVATE_KEY: key(32).optional().describe('The private key that goes with `VAPID_PUBLIC_KEY`'),
  VAPID_SUBJECT: z
    .string()
    .regex(/^(?:mailto:\S+@\S+|https:\/\/\S+)$/, 'must be a mailto: or https: URL')
    .optional()
    .describe('Whom a Web Push service may write to about these pushes: a `mailto:` or `https:` URL'),
  WEB_PUSH_RATE_PER_SECOND: perSecond().describe(
    'How many Web Pushes a replica sends in a second; 0: as many as there are. Rings never wait',
  ),
  ...pushEndpointSettings,
  PUSH_CONCURRENCY: integer(1, 5000).default(100).describe('How many pushes a replica sends at once, of FCM and of Web Push each'),
  PUSH_BREAKER_FAILURES: integer(1, 1000).default(5).describe('So many outages of a push provider in a row keep a replica away from it'),
  PUSH_BREAKER_OPEN_MS: integer(100, 60_000).default(5000).describe('For how long, before one push tries whether it is back'),
};

const Vapid = z.object(pushSettings).pick({ VAPID_PUBLIC_KEY: true, VAPID_PRIVATE_KEY: true, VAPID_SUBJECT: true });
type Vapid = z.output<typeof Vapid>;
const VAPID_NAMES = Object.keys(Vapid.shape) as (keyof Vapid)[];

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
