import type { Logger } from '@trunkline/service-kit';
import type { Decider } from '../calls/decider.ts';
import type { CallServiceConfig } from '../config.ts';
import type { Database } from '../database/database.ts';
import { createPreRingHook } from './pre-ring-hook.ts';
import { screenPlaces } from './screen-places.ts';
import { createSign } from './sign.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';

export interface StartScreeningOptions {
  config: CallServiceConfig;
  database: Database;
  logger: Logger;
  metrics: Pick<WebhookMetrics, 'preRingHookSeconds'>;
  decider: Pick<Decider, 'decide'>;
}

/** The decider as clients reach it: behind the app's pre-ring hook, where there is one. */
export const startScreening = (options: StartScreeningOptions): Pick<Decider, 'decide'> & AsyncDisposable => {
  const { config, database, logger, metrics, decider } = options;
  const { PRE_RING_HOOK_URL: url, PRE_RING_HOOK_FAIL: onFailure, WEBHOOK_SECRET: secrets = [] } = config;
  if (url === undefined) return { decide: decider.decide, [Symbol.asyncDispose]: () => Promise.resolve() };
  const hook = createPreRingHook({ url, sign: createSign(secrets), logger, metrics });
  return { ...screenPlaces(decider, { hook, database, onFailure }), [Symbol.asyncDispose]: () => hook[Symbol.asyncDispose]() };
};
