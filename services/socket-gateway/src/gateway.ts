import { startSubscriber } from '@trunkline/bus';
import type { GatewayId } from '@trunkline/contract';
import {
  createLogger,
  createMetrics,
  createTokenVerifier,
  type ReadinessChecks,
  reportReadiness,
  startHttpServer,
  startTracing,
} from '@trunkline/service-kit';
import { createAuthenticate } from './authenticate.ts';
import { createCallServiceClient } from './call-service-client.ts';
import { createChatCommandSender } from './chat/chat-command-sender.ts';
import { ChatConnection, type ChatServices } from './chat/chat-connection.ts';
import { ChatMembers } from './chat/chat-members.ts';
import { FLOOD_FACTOR } from './command-limit.ts';
import { createCommandSender, PLACES_AT_ONCE } from './command-sender.ts';
import type { GatewayConfig } from './config.ts';
import { ConnectLimit } from './connect-limit.ts';
import { countRefusals } from './counted-door.ts';
import { DatabaseClock } from './database-clock.ts';
import { createDeliveryReports } from './delivery-reports.ts';
import { chattrix } from './dialects/chattrix.ts';
import { onlycare } from './dialects/onlycare.ts';
import { otomo } from './dialects/otomo.ts';
import { otsy } from './dialects/otsy.ts';
import { saidOnce } from './dialects/said-once.ts';
import { drain } from './drain.ts';
import { GATEWAY_METRICS, watchGateway } from './gateway-metrics.ts';
import { createRequestListener, refuseOtherUpgrades } from './http.ts';
import { startLease } from './lease.ts';
import { createPresence } from './presence.ts';
import { startSharedRooms } from './rooms.ts';
import { createSessionReports } from './session-reports.ts';
import { Sessions } from './sessions.ts';
import { settledWithin } from './settled-within.ts';
import { traceSender } from './tracing/trace-sender.ts';
import { traceSubscriber } from './tracing/trace-subscriber.ts';
import { Handshakes } from './transports/handshakes.ts';
import { isAllowedOrigin } from './transports/origin.ts';
import { startRawWebSockets } from './transports/raw-websocket.ts';
import { type Admit, startSocketIo } from './transports/socket-io.ts';

export interface RunningGateway extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, with the port that was really taken. */
  readonly url: string;
  readonly gatewayId: GatewayId;
  sessionCount(): number;
}

const RAW_DIALECTS = new Map([
  ['/ws/chat', saidOnce(chattrix)],
  ['/ws/otomo', saidOnce(otomo)],
]);

const ONLYCARE = saidOnce(onlycare);

const MEGABYTE = 1024 * 1024;
const LAST_ANSWERS_MS = 3000;
const CLOSED_REPORTS_MS = 1500;
const DELIVERY_REPORTS_MS = 500;

/** Starts a gateway, with or without its Redis and its call-service; `/readyz` says whether it has them. */
export const startGateway = async (config: GatewayConfig): Promise<RunningGateway> => {
  const { GATEWAY_ID: gatewayId, REDIS_URL: redisUrl, REDIS_PREFIX: prefix, ALLOWED_ORIGINS: allowedOrigins } = config;
  const log = createLogger('socket-gateway', config.LOG_LEVEL).child({ gatewayId });
  const onError = (error: Error): void => log.warn({ err: error }, 'trouble with Redis');
  const authenticate = createAuthenticate(createTokenVerifier(config), log);
  const clock = new DatabaseClock();
  const metrics = createMetrics(GATEWAY_METRICS);
  const connects = new ConnectLimit(config.LIMIT_CONNECTS_PER_MINUTE);
  const handshakes = new Handshakes({
    perAddress: config.LIMIT_HANDSHAKES_PER_ADDRESS,
    together: config.LIMIT_HANDSHAKES,
    trustedProxies: config.TRUSTED_PROXIES,
    onGivenUp: () => metrics.of.connectionErrors.inc({ reason: 'given_up' }),
  });
  let isStopping = false;
  let isTaking = true;

  // Disposed in reverse, also when the start fails half-way.
  await using parts = new AsyncDisposableStack();
  const tracing = await startTracing({ service: 'socket-gateway', config, logger: log });
  if (tracing !== null) parts.use(tracing);
  const client = parts.use(createCallServiceClient({ urls: config.CALL_SERVICE_URLS, token: config.INTERNAL_TOKEN, log }));
  const placesClient = parts.use(
    createCallServiceClient({ urls: config.CALL_SERVICE_URLS, token: config.INTERNAL_TOKEN, log, connections: PLACES_AT_ONCE }),
  );
  const reports = createSessionReports({ client, gatewayId, log });
  const rooms = parts.use(startSharedRooms({ redisUrl, prefix, onError }));
  const subscriber = parts.use(traceSubscriber(await startSubscriber({ redisUrl, prefix, onError }), tracing));
  const deliveries = createDeliveryReports(client, log, subscriber.tell);
  const lease = parts.use(await startLease({ client, gatewayId, leaseMs: config.GATEWAY_LEASE_SECONDS * 1000, clock, log }));

  const checks: ReadinessChecks = {
    redis: () => subscriber.isHearing() && rooms.isConnected(),
    lease: () => lease.isHeld(),
    accepting: () => !isStopping,
  };
  reportReadiness(metrics.of, checks);
  const listener = createRequestListener(checks, metrics);
  const http = parts.use(await startHttpServer(listener, { port: config.PORT, host: config.HOST }));
  const { server, url } = http;

  const door = countRefusals(
    {
      refusalOf: (origin) => {
        if (!isTaking) return 'going_away';
        return isAllowedOrigin(origin, allowedOrigins) ? null : 'origin_refused';
      },
      authenticate: async (token) => {
        const identity = await authenticate(token);
        const isTooOften = typeof identity !== 'string' && !connects.take(identity.userId, performance.now());
        return isTooOften ? 'too_many_connections' : identity;
      },
      admit: (identity, socket, dialect) => sessions.admit(identity, socket, dialect),
    },
    metrics.of,
  );
  const [port, transports] = [Number(new URL(url).port), config.SOCKET_IO_TRANSPORTS];
  // Twice what counts as a flood of commands: who floods with those is told why it is closed, and not to come back.
  const framesPerSecond = 2 * config.LIMIT_COMMANDS_PER_SECOND * FLOOD_FACTOR;
  const { createAdapter, inForce: roomsInForce } = rooms;
  const namespaces = new Map<string, Admit>([
    ['/', (identity, socket, beside) => sessions.admit(identity, socket, ONLYCARE, beside)],
    [
      '/chat',
      (identity, socket, beside) =>
        sessions.hold(otsy, (life) => new ChatConnection({ ...life, identity, socket, services: chatServices }), beside),
    ],
  ]);
  const socketIo = parts.use(
    startSocketIo({ server, port, transports, allowedOrigins, createAdapter, roomsInForce, door, namespaces, handshakes, framesPerSecond }),
  );
  const rawWebSockets = parts.use(startRawWebSockets({ server, door, dialects: RAW_DIALECTS, handshakes, framesPerSecond }));
  refuseOtherUpgrades(server, [socketIo, rawWebSockets]);

  const presence = createPresence(socketIo.rooms);
  const common = {
    reports,
    subscriber,
    presence,
    clock,
    authenticate,
    commandsPerSecond: config.LIMIT_COMMANDS_PER_SECOND,
    metrics: metrics.of,
  };
  const sessions: Sessions = parts.use(
    new Sessions({
      ...common,
      connects,
      log,
      queuedBytesTogether: config.LIMIT_QUEUED_MEGABYTES * MEGABYTE,
      sendCommand: traceSender(
        createCommandSender({ client, placesClient, placesAreScreened: lease.placesAreScreened, log, hear: subscriber.tell }),
        tracing,
      ),
      deliveries,
    }),
  );
  const chatServices: ChatServices = {
    ...common,
    sendChatCommand: traceSender(createChatCommandSender(client, log), tracing),
    members: new ChatMembers(),
  };
  watchGateway(metrics.of, { sessions, subscriber });
  lease.onRenewed(({ wasLapsed, toClose }) => {
    sessions.disconnect({ sessionIds: toClose });
    if (wasLapsed) sessions.refreshAll();
    else sessions.catchUp();
  });
  subscriber.onNotice(({ userId }) => sessions.disconnect({ userId }));
  subscriber.onGapEnded(() => {
    log.info('Redis is heard again: every session is told what it missed');
    sessions.refreshAll();
  });

  parts.defer(async () => {
    isStopping = true;
    const stopTaking = (): void => {
      isTaking = false;
    };
    await drain({ guests: sessions, drainMs: config.DRAIN_SECONDS * 1000, stopTaking });
    await settledWithin(sessions.closeForGood('going_away'), LAST_ANSWERS_MS);
    await settledWithin(sessions.allReported(), CLOSED_REPORTS_MS);
    reports.giveUp();
    await settledWithin(deliveries.idle(), DELIVERY_REPORTS_MS);
    deliveries.giveUp();
  });
  const started = parts.move();
  log.info({ url }, 'the gateway is up');
  return {
    url,
    gatewayId,
    sessionCount: () => sessions.count,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
};
