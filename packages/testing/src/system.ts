import { randomUUID } from 'node:crypto';
import { connectRedis, type RedisConnection } from '@trunkline/bus';
import { loadCallServiceConfig, startCallService } from '@trunkline/call-service';
import { loadNotifierConfig, startNotifier } from '@trunkline/notifier';
import { loadGatewayConfig, startGateway } from '@trunkline/socket-gateway';
import { backingUrls } from './backing-urls.ts';
import { type ChildService, type ServiceName, startChildService } from './child-service.ts';
import { connectOnlyCare, type OnlyCareClient } from './onlycare-client.ts';
import { connectOtsy, type OtsyClient } from './otsy-client.ts';
import { CONNECT } from './phones/connect-phone.ts';
import type { DialectName, Phone } from './phones/phone.ts';
import { connectRaw, type RawClient } from './raw-client.ts';
import { createRestClient, type RestClient } from './rest-client.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { mintToken, TEST_JWT_SECRET, type TokenClaims } from './tokens.ts';

type Settings = Readonly<Record<string, string>>;

export interface SystemOptions {
  gateways?: number;
  callServices?: number;
  /** These as processes of their own, to be killed; the others run in this process. */
  asProcesses?: readonly ServiceName[];
  /** Added to the environment of every service. */
  settings?: Settings;
}

interface Running extends AsyncDisposable {
  readonly url: string;
}

export interface System extends AsyncDisposable {
  readonly database: TestDatabase;
  /** An onlooker's connection to the system's Redis. */
  readonly redis: RedisConnection;
  readonly redisUrl: string;
  readonly internalToken: string;
  readonly callServices: readonly Running[];
  readonly gateways: readonly Running[];
  readonly notifier: Running;
  /** The process of a service that was asked for in `asProcesses`, counted from 0. */
  process(service: ServiceName, index: number): ChildService;
  /** Connects a device over the OnlyCare dialect to the gateway of that number, from 0. */
  connect(gateway: number, userId: string, claims?: TokenClaims): Promise<OnlyCareClient>;
  /** Connects a device to `/chat` over the Otsy dialect; resolves when it was told that it is connected. */
  otsy(gateway: number, userId: string, claims?: TokenClaims): Promise<OtsyClient>;
  /** Connects a raw WebSocket of that user to a path of the gateway. */
  connectRaw(gateway: number, path: '/ws/chat' | '/ws/otomo', userId: string, claims?: TokenClaims): Promise<RawClient>;
  /** Connects a phone of any dialect. One that acts over REST asks the call-service of its gateway's number. */
  phone(dialect: DialectName, gateway: number, userId: string, claims?: TokenClaims): Promise<Phone>;
  /** A REST client of that user, for the first call-service where no other is named. */
  rest(userId: string, claims?: TokenClaims, callService?: number): Promise<RestClient>;
}

const INTERNAL_TOKEN = 'the-internal-token-of-tests-only';

const STARTERS: Readonly<Record<ServiceName, (settings: Settings) => Promise<Running>>> = {
  'call-service': (settings) => startCallService(loadCallServiceConfig(settings)),
  notifier: (settings) => startNotifier(loadNotifierConfig(settings)),
  'socket-gateway': (settings) => startGateway(loadGatewayConfig(settings)),
};

const urlOf = (service: ServiceName, running: readonly Running[], index: number): string => {
  const url = running[index]?.url;
  if (url === undefined) throw new Error(`there is no ${service} ${index}`);
  return url;
};

/** The whole of Trunkline on a database of its own and under a Redis prefix of its own. */
export const startSystem = async (options: SystemOptions = {}): Promise<System> => {
  const { gateways = 2, callServices = 1, asProcesses = [] } = options;
  await using starting = new AsyncDisposableStack();
  const { templateDatabaseUrl, redisUrl: sharedRedisUrl } = backingUrls();
  const redisUrl = options.settings?.['REDIS_URL'] ?? sharedRedisUrl;
  const database = starting.use(await createTestDatabase(templateDatabaseUrl));
  const redis = starting.adopt(
    connectRedis(redisUrl, 'subscribe', () => undefined),
    (connection) => connection.disconnect(),
  );
  const processes: { service: ServiceName; child: ChildService }[] = [];

  const startOne = async (service: ServiceName, settings: Settings): Promise<Running> => {
    if (!asProcesses.includes(service)) return starting.use(await STARTERS[service](settings));
    const child = starting.use(await startChildService(service, settings));
    processes.push({ service, child });
    return child;
  };
  const startMany = async (service: ServiceName, count: number, settings: Settings): Promise<Running[]> => {
    const started: Running[] = [];
    for (let index = 0; index < count; index += 1) started.push(await startOne(service, settings));
    return started;
  };

  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `test-${randomUUID()}`,
    JWT_SECRET: TEST_JWT_SECRET,
    INTERNAL_TOKEN,
    LOG_LEVEL: 'error',
    PORT: '0',
    DRAIN_SECONDS: '0',
    STOP_NOTICE_SECONDS: '0',
    // No limits: tests place calls faster than people do. Those that test the limits set them.
    LIMIT_INITIATE_PER_MINUTE: '0',
    LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0',
    LIMIT_REST_PER_MINUTE: '0',
    LIMIT_CONNECTS_PER_MINUTE: '0',
    ...options.settings,
  };
  const startedCallServices = await startMany('call-service', callServices, settings);
  const withCallServices = { ...settings, CALL_SERVICE_URLS: startedCallServices.map(({ url }) => url).join(',') };
  const notifier = await startOne('notifier', withCallServices);
  const startedGateways = await startMany('socket-gateway', gateways, withCallServices);
  const running = starting.move();

  const gatewayUrl = (gateway: number): string => urlOf('socket-gateway', startedGateways, gateway);
  const callServiceUrl = (index: number): string => urlOf('call-service', startedCallServices, index);

  return {
    database,
    redis,
    redisUrl,
    internalToken: INTERNAL_TOKEN,
    callServices: startedCallServices,
    gateways: startedGateways,
    notifier,
    process: (service, index) => {
      const found = processes.filter((entry) => entry.service === service)[index];
      if (found === undefined) throw new Error(`${service} ${index} is no process of its own`);
      return found.child;
    },
    connect: async (gateway, userId, claims) => connectOnlyCare(gatewayUrl(gateway), await mintToken(userId, claims)),
    otsy: async (gateway, userId, claims) => connectOtsy(gatewayUrl(gateway), await mintToken(userId, claims)),
    connectRaw: async (gateway, path, userId, claims) =>
      connectRaw(`${gatewayUrl(gateway)}${path}?token=${await mintToken(userId, claims)}`),
    phone: async (dialect, gateway, userId, claims) =>
      CONNECT[dialect]({
        gatewayUrl: gatewayUrl(gateway),
        callServiceUrl: callServiceUrl(gateway % callServices),
        token: await mintToken(userId, claims),
        userId,
        deviceId: claims?.deviceId ?? null,
      }),
    rest: async (userId, claims, callService = 0) => createRestClient(callServiceUrl(callService), await mintToken(userId, claims)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
