import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis, leaveReplicas, startPublisher, tellAbsence } from '@trunkline/bus';
import { createLogger, createMetrics, type ReadinessChecks, reportReadiness, startHttpServer, startTracing } from '@trunkline/service-kit';
import { createBackground } from './background.ts';
import { createBring } from './calls/bring.ts';
import { sweepDeadlines } from './calls/deadline-sweep.ts';
import { createDecider } from './calls/decider.ts';
import { logOutcome } from './calls/log-outcome.ts';
import type { CallPolicy } from './calls/world.ts';
import { startChats } from './chat/start-chats.ts';
import { startCleanUp } from './clean-up.ts';
import type { CallServiceConfig } from './config.ts';
import { consoleRoutes } from './console/console-routes.ts';
import { openDatabase } from './database/database.ts';
import { isMigrated } from './database/migrate.ts';
import { documentRoutes } from './documents/document-routes.ts';
import { createApp } from './http/app.ts';
import { clientRoutes } from './http/client-routes.ts';
import { internalDoor } from './http/internal-door.ts';
import { startInternalLinks, takesLink } from './http/internal-links.ts';
import { internalOperations } from './http/internal-operations.ts';
import { knowsToken } from './http/internal-token.ts';
import { jsonBody } from './http/json-body.ts';
import { routesOf } from './http/routes-of.ts';
import { requireServerKey } from './http/server-key.ts';
import { openPushQueue } from './jobs/push-queue.ts';
import { openRingTimeoutQueue } from './jobs/ring-timeout-queue.ts';
import { limitPlaces } from './limits/place-limit.ts';
import { createPromptRateLimit, type RateLimit, tellRefusals } from './limits/rate-limit.ts';
import { logRedisError } from './log-redis-error.ts';
import { CALL_SERVICE_METRICS } from './metrics/call-service-metrics.ts';
import { countCommands } from './metrics/count-commands.ts';
import { countOutcome } from './metrics/count-outcome.ts';
import { createCountAnswer } from './metrics/count-requests.ts';
import { countSessions } from './metrics/count-sessions.ts';
import { watchDatabase } from './metrics/watch-database.ts';
import { queueAwayPushes } from './notifications/away-pushes.ts';
import type { PushPolicy } from './notifications/call-pushes.ts';
import { createNotifications } from './notifications/notifications.ts';
import { notifyUsers } from './notifications/notify-users.ts';
import { startRelay } from './outbox/relay.ts';
import { createReadUntaken } from './outbox/untaken.ts';
import { repeat } from './repeat.ts';
import { createServerKeys } from './server-api/server-keys.ts';
import { serverRoutes } from './server-api/server-routes.ts';
import { createSessionRegister } from './sessions/session-register.ts';
import { createTraceReader } from './traces/trace-reader.ts';
import { traceDecisions } from './tracing/trace-decisions.ts';
import { tracePublisher } from './tracing/trace-publisher.ts';
import { withTraces } from './tracing/trace-pushes.ts';
import { heedTraceparent } from './tracing/trace-requests.ts';
import { startScreening } from './webhooks/start-screening.ts';
import { startWebhooks } from './webhooks/start-webhooks.ts';

const SWEEP_EVERY_MS = 1000;
const MAX_SERVER_BODY = '64kb';
/** A standby can be read, and so can a primary that was told to take no writes. */
const READ_TAKES_WRITES = {
  name: 'read_takes_writes',
  text: `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS "takesWrites"`,
};

const policyOf = (config: CallServiceConfig): CallPolicy => ({
  ringTimeoutSeconds: config.RING_TIMEOUT_SECONDS,
  callerGraceSeconds: config.CALLER_GRACE_SECONDS,
  unreachableGraceSeconds: config.UNREACHABLE_GRACE_SECONDS,
  connectTimeoutSeconds: config.CONNECT_TIMEOUT_SECONDS,
  callMaxSeconds: config.CALL_MAX_SECONDS,
  gatewayLeaseSeconds: config.GATEWAY_LEASE_SECONDS,
  busyPolicy: config.BUSY_POLICY,
});

const pushPolicyOf = (config: CallServiceConfig): PushPolicy => ({ ring: config.PUSH_RING, escalateMs: config.PUSH_ESCALATE_MS });

export interface CallService extends AsyncDisposable {
  readonly url: string;
  /** What it answers, as `GET /api/v1/calls/:callId`. */
  readonly routes: readonly string[];
}

/** Starts one replica. Its parts are disposed of in reverse order: the door first, the database last. */
export const startCallService = async (config: CallServiceConfig): Promise<CallService> => {
  await using starting = new AsyncDisposableStack();
  const logger = createLogger('call-service', config.LOG_LEVEL);
  const tracing = await startTracing({ service: 'call-service', config, logger });
  if (tracing !== null) starting.use(tracing);
  const policy = policyOf(config);
  const metrics = createMetrics(CALL_SERVICE_METRICS);
  const onRedisError = logRedisError(logger);
  const database = starting.use(
    openDatabase({
      url: config.DATABASE_URL,
      poolSize: config.DATABASE_POOL_SIZE,
      onError: (error) => logger.warn({ err: error }, 'an idle database connection was lost'),
    }),
  );
  const redis = { redisUrl: config.REDIS_URL, prefix: config.REDIS_PREFIX };
  const noticePolicy = { includeText: config.PUSH_INCLUDE_TEXT };
  // Before the publisher, which is waited for: by then both are connected.
  const asking = starting.adopt(connectRedis(config.REDIS_URL, 'command', onRedisError), (connection) => connection.disconnect());
  leaveReplicas(asking);
  tellAbsence(asking, {
    onAway: (error) => logger.warn({ err: error }, 'Redis is away: what is committed goes out when it is back'),
    onBack: () => logger.info('Redis is back'),
  });
  const publisher = starting.use(tracePublisher(await startPublisher({ ...redis, onError: onRedisError }), tracing));
  const ringTimeouts = starting.use(openRingTimeoutQueue({ ...redis, logger }));
  const pushQueue = starting.use(openPushQueue({ ...redis, logger }));
  const background = createBackground();
  const relay = starting.use(
    startRelay({
      database,
      publisher,
      logger,
      onNobodyHeard: (callId, calleeId) => {
        metrics.of.ringsUnheard.inc({});
        background.run(bring({ kind: 'nobody_heard', callId, calleeId }));
      },
      onPublished: ({ type, at }) => metrics.of.eventPublishSeconds.observe({ event: type }, (performance.now() - at) / 1000),
    }),
  );
  const webhooks = startWebhooks({ config, database, logger, metrics: metrics.of });
  if (webhooks !== null) starting.use(webhooks);
  const chats = starting.use(
    startChats({
      config,
      database,
      relay,
      redis: asking,
      logger,
      metrics: metrics.of,
      tracing,
      queueAwayPushes: queueAwayPushes(notifyUsers(noticePolicy)),
      enqueuePushes: pushQueue.enqueue,
      webhooks,
    }),
  );
  const decider = createDecider({
    database,
    webhooks,
    policy,
    pushPolicy: pushPolicyOf(config),
    published: relay.published,
    logger,
    onCommitted: ({ outcome, rows, notes, pushes }) => {
      const { inserted, hints } = outcome;
      countOutcome(metrics.of, outcome);
      logOutcome(logger, outcome);
      relay.publish(rows);
      relay.hint('calls', hints);
      pushQueue.enqueue(tracing === null ? pushes : withTraces(pushes, outcome.events));
      chats.calls.tell(notes);
      for (const call of inserted) if (call.endedAt === null) ringTimeouts.schedule(call.ringDeadlineAt, call.createdAt);
    },
  });
  const bring = createBring(decider, background);
  starting.defer(async () => {
    await background.finish();
    await decider.idle();
    // What its last publications say of rings is decided while there is a database.
    await relay[Symbol.asyncDispose]();
    await background.finish();
    await decider.idle();
  });
  const sessions = createSessionRegister({
    database,
    decider,
    partners: chats.partners,
    seats: chats.seats,
    background,
    logger,
    gatewayLeaseSeconds: config.GATEWAY_LEASE_SECONDS,
    webhooks,
    screensPlaces: config.PRE_RING_HOOK_URL !== undefined,
    notify: publisher.notify,
    connectionsPerUser: config.LIMIT_CONNECTIONS_PER_USER,
  });
  const notifications = createNotifications({
    database,
    webhooks,
    bring,
    queue: pushQueue,
    background,
    noticePolicy,
    logger,
  });
  const keepSweeping = (sweep: (stopping: AbortSignal) => Promise<void>, failed: string): void =>
    void starting.use(repeat(SWEEP_EVERY_MS, sweep, (error) => logger.warn({ err: error }, failed)));
  // By themselves: to settle the sessions of a gateway that died can take long, and no deadline waits for it (invariant 5).
  keepSweeping(() => sweepDeadlines(database, decider), 'the deadlines could not be swept');
  keepSweeping(sessions.closeLapsed, 'gateways that fell silent could not be looked for');
  keepSweeping(sessions.settle, 'sessions that were closed could not be settled');
  keepSweeping(sessions.forget, 'old sessions were kept');
  keepSweeping(notifications.sweep, 'the pushes could not be swept');
  keepSweeping(notifications.bulks.expand, 'a notification to many could not be expanded');
  starting.use(startCleanUp({ database, logger }));
  const serverKeys = createServerKeys({ database, fromEnvironment: config.SERVER_API_KEYS, logger });
  const counted = { redis: asking, redisPrefix: config.REDIS_PREFIX };
  const promptLimit = (name: string, perMinute: number): RateLimit =>
    tellRefusals(createPromptRateLimit({ ...counted, name, perMinute }), () => metrics.of.rateLimited.inc({ limit: name }));
  const screened = starting.use(startScreening({ config, database, logger, metrics: metrics.of, decider }));
  const limited = limitPlaces(screened, {
    database,
    perCaller: promptLimit('initiate', config.LIMIT_INITIATE_PER_MINUTE),
    perPair: promptLimit('initiate_pair', config.LIMIT_INITIATE_PER_PAIR_PER_MINUTE),
  });
  const commands = traceDecisions(countCommands(limited, metrics.of), tracing);
  let isStopping = false;
  let hasSchema = false;
  const readiness: ReadinessChecks = {
    database: async () => (await database.query<{ takesWrites: boolean }>(READ_TAKES_WRITES, []))[0]?.takesWrites === true,
    // Migrations only add: what is there stays.
    schema: async () => {
      hasSchema ||= await isMigrated(database);
      return hasSchema;
    },
    accepting: () => !isStopping,
  };
  // What is committed without Redis goes out when it is back.
  const misses: ReadinessChecks = { redis: () => publisher.isConnected() };
  reportReadiness(metrics.of, { ...readiness, ...misses });
  watchDatabase(metrics.of, database);
  const inside = {
    knowsToken: knowsToken([config.INTERNAL_TOKEN, config.INTERNAL_TOKEN_PREVIOUS].filter((token) => token !== undefined)),
    operations: internalOperations({
      decider: commands,
      answerChatCommand: chats.answerCommand,
      sessions: countSessions(sessions, metrics.of),
      notifications,
      readUntaken: createReadUntaken({ database, publisher, logger }),
      sweepDeadlines: () => sweepDeadlines(database, decider),
      logger,
    }),
  };
  const app = createApp({
    logger,
    readiness,
    misses,
    metrics,
    routes: [
      ...(tracing === null ? [] : [heedTraceparent]),
      internalDoor(inside),
      documentRoutes(),
      ...(config.CONSOLE_DIR === undefined
        ? []
        : [consoleRoutes({ folder: config.CONSOLE_DIR, gatewayUrls: config.CONSOLE_GATEWAY_URLS })]),
      clientRoutes({ config, database, decider: commands, chats, redis: asking, notifications, metrics: metrics.of, serverKeys, sessions }),
      serverRoutes({
        serverGuards: [...requireServerKey(serverKeys), ...jsonBody(MAX_SERVER_BODY)],
        keys: serverKeys,
        decider: traceDecisions(countCommands(decider, metrics.of), tracing),
        database,
        redis: asking,
        redisPrefix: config.REDIS_PREFIX,
        sessions,
        webhooks,
        traces: createTraceReader(database),
      }),
    ],
  });
  const server = starting.use(await startHttpServer(app, { port: config.PORT, host: config.HOST, takesUpgrade: takesLink }));
  starting.use(startInternalLinks({ ...inside, server: server.server, logger, countAnswer: createCountAnswer(metrics.of) }));
  starting.defer(async () => {
    isStopping = true;
    await delay(config.STOP_NOTICE_SECONDS * 1000);
  });
  logger.info({ url: server.url }, 'call-service listens');
  const running = starting.move();
  return { url: server.url, routes: routesOf(app), [Symbol.asyncDispose]: () => running.disposeAsync() };
};
