import type { Logger } from '@trunkline/service-kit';
import type { CallServiceConfig } from '../config.ts';
import type { Database, Transaction } from '../database/database.ts';
import { repeat } from '../repeat.ts';
import { tellGone, tellOffline, tellOnline } from './online-users.ts';
import { createSign } from './sign.ts';
import { createSignedPost } from './signed-post.ts';
import type { WebhookDraft } from './webhook-draft.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';
import { startWebhookSender } from './webhook-sender.ts';
import { forgetWebhooks, storeWebhooks } from './webhook-store.ts';

/** Where the rest of the service leaves what the app's backend is to be told. There is none where no WEBHOOK_URL is set. */
export interface Webhooks extends AsyncDisposable {
  /** Stores them with what they tell of. After the commit, `wake`. */
  store(transaction: Transaction, drafts: readonly WebhookDraft[]): void;
  /** Sends what is due, without being waited for. */
  wake(): void;
  /** These users get sessions in this transaction, which `open` sends. After the commit, `wake`. */
  come(transaction: Transaction, users: readonly string[], open: () => void): Promise<void>;
  /** Sessions of these users are over. Resolves after COMMIT with how many have none any more, and were online. */
  go(users: readonly string[]): Promise<number>;
}

export interface WebhooksOptions {
  config: CallServiceConfig;
  database: Database;
  logger: Logger;
  metrics: WebhookMetrics;
}

const CLEAN_EVERY_MS = 600_000;

export const READ_WAITING = {
  name: 'read_waiting_webhooks',
  text: `SELECT (SELECT count(*) FROM (SELECT FROM webhooks WHERE status = 'waiting' LIMIT 10000) AS counted)::int AS waiting,
    (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM webhooks WHERE status = 'waiting')::float8 AS oldest`,
};

const watch = ({ webhooksWaiting, webhooksOldestSeconds }: WebhookMetrics, database: Database): void => {
  const read = async (key: 'waiting' | 'oldest') => {
    const [row] = await database.query<{ waiting: number; oldest: number | null }>(READ_WAITING, []);
    return [{ labels: {}, value: Math.max(0, row?.[key] ?? 0) }];
  };
  webhooksWaiting.readAtScrape(() => read('waiting'));
  webhooksOldestSeconds.readAtScrape(() => read('oldest'));
};

/** Null: the app's backend wants no webhooks, and nothing is done for them. */
export const startWebhooks = ({ config, database, logger, metrics }: WebhooksOptions): Webhooks | null => {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secrets = [], WEBHOOK_TIMEOUT_MS: timeoutMs, WEBHOOK_CONCURRENCY: concurrency } = config;
  if (url === undefined) return null;
  const parts = new AsyncDisposableStack();
  const post = parts.use(createSignedPost({ url, connections: concurrency, timeoutMs }));
  const sender = parts.use(startWebhookSender({ database, sign: createSign(secrets), post, timeoutMs, concurrency, logger, metrics }));
  const keepClean = (clean: (stopping: AbortSignal) => Promise<void>, failed: string): void =>
    void parts.use(repeat(CLEAN_EVERY_MS, clean, (error) => logger.warn({ err: error }, failed), { atOnce: true }));
  keepClean((stopping) => forgetWebhooks(database, config.WEBHOOK_KEEP_HOURS, stopping), 'old webhooks were kept');
  keepClean((stopping) => tellGone(database, stopping).finally(sender.wake), 'not all who went were told of');
  watch(metrics, database);
  return {
    store: storeWebhooks,
    wake: sender.wake,
    come: tellOnline,
    go: async (users) => {
      const gone = await tellOffline(database, users);
      sender.wake();
      return gone;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};
