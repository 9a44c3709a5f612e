import type { IncomingMessage, ServerResponse } from 'node:http';
import { connectRedis, type RedisConnection, tellAbsence } from '@trunkline/bus';
import { QUEUES, type QueueName } from '@trunkline/contract';
import {
  answerHealth,
  answerMetrics,
  createLogger,
  createMetrics,
  type Logger,
  reportReadiness,
  startHttpServer,
  startTracing,
} from '@trunkline/service-kit';
import { createCallService } from './call-service.ts';
import type { NotifierConfig } from './config.ts';
import { createJobTable } from './job-table.ts';
import { startJobWorker } from './job-worker.ts';
import { NOTIFIER_METRICS } from './notifier-metrics.ts';
import { countPushes } from './push/count-pushes.ts';
import { createPushDispatcher } from './push/push-dispatcher.ts';
import { createPushProviders } from './push/push-providers.ts';
import { createPushReports } from './push/push-reports.ts';

const QUEUE_NAMES = Object.keys(QUEUES) as QueueName[];

export interface Notifier extends AsyncDisposable {
  readonly url: string;
}

/** Connects for workers. */
const connectJobsRedis = (url: string, logger: Logger): RedisConnection => {
  const redis = connectRedis(url, 'worker', () => undefined);
  tellAbsence(redis, {
    onAway: (error) => logger.warn({ err: error }, 'Redis is away'),
    onBack: () => logger.info('Redis is back'),
  });
  return redis;
};

/** Works on the queues until it is disposed of. */
export const startNotifier = async (config: NotifierConfig): Promise<Notifier> => {
  const logger = createLogger('notifier', config.LOG_LEVEL);
  const metrics = createMetrics(NOTIFIER_METRICS);
  await using starting = new AsyncDisposableStack();
  const tracing = await startTracing({ service: 'notifier', config, logger });
  if (tracing !== null) starting.use(tracing);
  const redis = starting.adopt(connectJobsRedis(config.REDIS_URL, logger), (connection) => connection.disconnect());
  const callService = starting.use(createCallService({ urls: config.CALL_SERVICE_URLS, internalToken: config.INTERNAL_TOKEN }));
  const providers = starting.use(createPushProviders(config));
  const sending = createPushDispatcher(providers, {
    concurrency: config.PUSH_CONCURRENCY,
    logger,
    breaker: { failures: config.PUSH_BREAKER_FAILURES, openMs: config.PUSH_BREAKER_OPEN_MS },
  });
  const dispatcher = countPushes(sending, metrics.of);
  const jobs = createJobTable({ callService, dispatcher, reports: starting.use(createPushReports(callService, logger)) }, tracing);
  const options = { redis, redisPrefix: config.REDIS_PREFIX, concurrency: config.JOB_CONCURRENCY, logger, metrics: metrics.of };
  const workers = QUEUE_NAMES.map((queue) => ({ queue, worker: startJobWorker(queue, jobs, options) }));
  starting.defer(async () => {
    // All at once, and first: a job that is taken once the dispatcher has stopped would only be given back.
    const closed = workers.map(({ worker }) => worker[Symbol.asyncDispose]());
    dispatcher.stop();
    await Promise.all(closed);
  });
  const checks = { redis: () => redis.status === 'ready', workers: () => workers.every(({ worker }) => worker.isRunning()) };
  reportReadiness(metrics.of, checks);
  metrics.of.queueJobs.readAtScrape(async () => {
    const counts = await Promise.all(workers.map(async ({ queue, worker }) => ({ queue, states: await worker.counts() })));
    return counts.flatMap(({ queue, states }) => states.map(({ state, count }) => ({ labels: { queue, state }, value: count })));
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if ((await answerHealth(request, response, checks)) || (await answerMetrics(request, response, metrics))) return;
    response.writeHead(404).end();
  };
  const server = starting.use(
    await startHttpServer((request, response) => void answer(request, response), { port: config.PORT, host: config.HOST }),
  );
  logger.info({ url: server.url }, 'notifier started');
  const running = starting.move();
  return { url: server.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
