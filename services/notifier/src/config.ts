import {
  commonSettings,
  httpUrls,
  integer,
  loadConfig,
  port,
  refuseDevelopmentSecrets,
  refuseInsecurePushInProduction,
  requireVapidPair,
  requireWholeVapid,
} from '@trunkline/service-kit';
import { z } from 'zod';
import { pushSettings } from './push/push-settings.ts';

export const notifierSettings = {
  ...commonSettings,
  PORT: port().default(4090).describe('Where the service listens'),
  HOST: z.string().optional().describe('The address to listen on; all of them where unset'),
  CALL_SERVICE_URLS: httpUrls().describe('Where call-services are, separated by commas; when one fails, the next is asked'),
  JOB_CONCURRENCY: integer(1, 1000).default(20).describe('How many jobs of one queue a replica works on at once'),
  ...pushSettings,
};

const Settings = z.object(notifierSettings);

const RULES = [refuseDevelopmentSecrets, refuseInsecurePushInProduction, requireWholeVapid, requireVapidPair];

export type NotifierConfig = Readonly<z.infer<typeof Settings>>;

/** @throws ConfigError naming every problem */
export const loadNotifierConfig = (env: Readonly<Record<string, string | undefined>>): NotifierConfig => loadConfig(Settings, env, RULES);
