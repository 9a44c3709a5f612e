import {
  commonSettings,
  pushEndpointSettings,
  type Rule,
  readSettings,
  refuseInsecurePushInProduction,
  vapidPublicKeyOf,
} from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';

// Restated from services/notifier/src/push/push-settings.ts, since no service is imported here; same-as-services.test.ts compares them.

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

const vapidSettings = {
  VAPID_PUBLIC_KEY: key(65).optional(),
  VAPID_PRIVATE_KEY: key(32).optional(),
  VAPID_SUBJECT: z
    .string()
    .regex(/^(?:mailto:\S+@\S+|https:\/\/\S+)$/, 'must be a mailto: or https: URL')
    .optional(),
};

export const VAPID_NAMES = Object.keys(vapidSettings);

const requireVapidPair: Rule<z.output<z.ZodObject<typeof vapidSettings>>> = {
  judge: ({ VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY }, context) => {
    if (VAPID_PRIVATE_KEY === undefined || VAPID_PUBLIC_KEY === undefined) return;
    if (vapidPublicKeyOf(VAPID_PRIVATE_KEY) !== VAPID_PUBLIC_KEY)
      context.addIssue({ code: 'custom', path: ['VAPID_PRIVATE_KEY'], message: 'does not belong to VAPID_PUBLIC_KEY' });
  },
};

const PushSettings = z.object({
  NODE_ENV: commonSettings.NODE_ENV,
  FCM_ENDPOINT: fcmEndpoint().optional(),
  ...vapidSettings,
  ...pushEndpointSettings,
});

/** What the notifier reads about push, or what it refuses of it; the service account apart. */
export const readPushSettings = (env: Environment) => readSettings(PushSettings, env, [refuseInsecurePushInProduction, requireVapidPair]);
