import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { Database } from '../database/database.ts';
import { delayAfter } from './back-off.ts';
import type { Sign } from './sign.ts';
import type { SignedPost } from './signed-post.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';
import { type ClaimedWebhook, claimWebhooks, noteWebhooks, type WebhookResult } from './webhook-store.ts';

/** Sends what is stored, from this replica. */
export interface WebhookSender extends AsyncDisposable {
  /** Looks for what is due, now. */
  wake(): void;
}

export interface WebhookSenderOptions {
  database: Database;
  sign: Sign;
  post: SignedPost;
  timeoutMs: number;
  concurrency: number;
  logger: Logger;
  metrics: WebhookMetrics;
}

const LOOK_EVERY_MS = 1000;
/** Longer than a sending may take, so that a claim that lapses is that of a process that died. */
const CLAIM_SLACK_MS = 5000;
/** What is under way when the process stops may take this long; then another replica sends it again. */
const FINISH_WITHIN_MS = 3000;

type Sent = { delivered: true } | { delivered: false; error: string };

/** In words of ours: what a receiver or a resolver says may hold what belongs into no table. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError') return 'timed out';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
};

const resultOf = ({ stream, claim, seq, attempts }: ClaimedWebhook, sent: Sent): WebhookResult => {
  const made = { stream, claim, seq, attempts: attempts + 1 };
  if (sent.delivered) return { ...made, status: 'delivered', error: null, delayMs: 0 };
  const delayMs = delayAfter(attempts + 1);
  return { ...made, status: delayMs === null ? 'dead' : 'waiting', error: sent.error, delayMs: delayMs ?? 0 };
};

const OUTCOMES = { delivered: 'delivered', waiting: 'retried', dead: 'dead' } as const;

/** Of each stream one webhook at a time, in order; of all streams as many at once as may be. */
export const startWebhookSender = (options: WebhookSenderOptions): WebhookSender => {
  const { database, sign, post, timeoutMs, concurrency, logger, metrics } = options;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let isStopping = false;
  let looking: Promise<void> | null = null;
  let mustLookAgain = false;

  const results = createMicroBatch<WebhookResult, void>({
    maxItems: 500,
    maxInFlight: 2,
    run: async (noted) => {
      await noteWebhooks(database, noted);
      return noted.map(() => undefined);
    },
  });

  const send = async ({ id, body }: ClaimedWebhook): Promise<Sent> => {
    const startedAt = performance.now();
    try {
      const { status } = await post.send(sign(`msg_${id}`, body, Date.now()), body, stopping.signal);
      return status >= 200 && status < 300 ? { delivered: true } : { delivered: false, error: `answered ${status}` };
    } catch (error) {
      return { delivered: false, error: reasonOf(error) };
    } finally {
      metrics.webhookSeconds.observe({}, (performance.now() - startedAt) / 1000);
    }
  };

  const deliver = async (claimed: Awaited<ReturnType<typeof claimWebhooks>>[number]): Promise<void> => {
    if (!('seq' in claimed) || claimed.seq === null) {
      await results.add({ ...claimed, seq: null, status: 'delivered', attempts: 0, error: null, delayMs: 0 });
      return;
    }
    const sent = await send(claimed);
    // Cut off by our own end: nothing is known of it, so whoever sees the claim lapse sends it again.
    if (stopping.signal.aborted && !sent.delivered) return;
    const result = resultOf(claimed, sent);
    metrics.webhooks.inc({ type: claimed.type, outcome: OUTCOMES[result.status] });
    if (result.status === 'dead') logger.error({ webhook: claimed.id, type: claimed.type, why: result.error }, 'a webhook was given up');
    await results.add(result);
  };

  const start = (claimed: Parameters<typeof deliver>[0]): void => {
    const delivery = deliver(claimed)
      .catch((error: unknown) => logger.warn({ err: error }, 'what became of a webhook was not noted; it will be sent again'))
      .finally(() => {
        underWay.delete(delivery);
        wake();
      });
    underWay.add(delivery);
  };

  const look = async (): Promise<void> => {
    const room = concurrency - underWay.size;
    if (room <= 0 || isStopping) return;
    const claimed = await claimWebhooks(database, room, timeoutMs + CLAIM_SLACK_MS);
    for (const each of claimed) start(each);
    if (claimed.length === room) mustLookAgain = true;
  };

  const lookUntilNothing = async (): Promise<void> => {
    do {
      mustLookAgain = false;
      await look();
    } while (mustLookAgain && underWay.size < concurrency && !isStopping);
  };

  const wake = (): void => {
    mustLookAgain = true;
    if (looking !== null || isStopping) return;
    looking = lookUntilNothing()
      .catch((error: unknown) => logger.warn({ err: error }, 'webhooks could not be looked for'))
      .finally(() => {
        looking = null;
        if (mustLookAgain) wake();
      });
  };

  const timer = setInterval(wake, LOOK_EVERY_MS);
  wake();

  return {
    wake,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      clearInterval(timer);
      await looking;
      const cut = setTimeout(() => stopping.abort(), FINISH_WITHIN_MS);
      await Promise.all(underWay);
      clearTimeout(cut);
      await results.idle();
    },
  };
};
