import {
  commonSettings,
  fcmEndpoint,
  pushEndpointSettings,
  readSettings,
  refuseInsecurePushInProduction,
  requireVapidPair,
  vapidSettings,
} from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';

const PushSettings = z.object({
  NODE_ENV: commonSettings.NODE_ENV,
  FCM_ENDPOINT: fcmEndpoint().optional(),
  ...vapidSettings,
  ...pushEndpointSettings,
});

/** What the notifier reads about push, or what it refuses of it; the service account apart. */
export const readPushSettings = (env: Environment) => readSettings(PushSettings, env, [refuseInsecurePushInProduction, requireVapidPair]);
