import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandOnce } from '@trunkline/backing-services';
import { migrate } from '@trunkline/call-service';
import { type FaultProxy, freePort, type ServiceName, startFaultProxy, TEST_JWT_SECRET } from '@trunkline/testing';
import pg from 'pg';
import { REPOSITORY, ServiceProcess } from './service-process.ts';
import { openPostgres, openRedis, type Store } from './stores.ts';

/** Every connection between two parts goes through a proxy of its own. */
export interface Links {
  /** Of phones to each gateway. */
  edge: readonly FaultProxy[];
  gatewayToRedis: readonly FaultProxy[];
  /** By gateway, then by call-service. */
  gatewayToCallService: readonly (readonly FaultProxy[])[];
  callServiceToRedis: readonly FaultProxy[];
  callServiceToPostgres: readonly FaultProxy[];
  notifierToRedis: FaultProxy;
  notifierToCallService: readonly FaultProxy[];
}

export interface World extends AsyncDisposable {
  readonly postgres: Store;
  readonly redis: Store;
  readonly redisPrefix: string;
  readonly gateways: readonly ServiceProcess[];
  readonly callServices: readonly ServiceProcess[];
  readonly notifier: ServiceProcess;
  readonly processes: readonly ServiceProcess[];
  readonly links: Links;
  /** Where the logs of all services are. */
  readonly folder: string;
  /** Disconnects a user as the app's backend does. Whether a call-service took it. */
  disconnect(userId: string): Promise<boolean>;
  /** Runs SQL as an onlooker who goes through no proxy. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Sends Redis a command as an onlooker. */
  redisCommand(command: string, ...args: string[]): Promise<unknown>;
}

export interface WorldOptions {
  gateways: number;
  callServices: number;
  durable: boolean;
  settings?: Readonly<Record<string, string>>;
  /** Another checkout: half of the processes of each kind begin from there, and each changes sides whenever it is started again. */
  beside?: string | undefined;
  /** See `ServiceProcess.liveBytes`. */
  tellsItsMemory?: boolean;
  report(line: string): void;
}

const INTERNAL_TOKEN = 'the-internal-token-of-chaos-only';
const REDIS_PREFIX = 'chaos';
const SERVER_KEY = 'the-server-key-of-chaos-only';

const DISCONNECT_WITHIN_MS = 2000;

const SETTINGS = {
  JWT_SECRET: TEST_JWT_SECRET,
  INTERNAL_TOKEN,
  REDIS_PREFIX,
  SERVER_API_KEYS: SERVER_KEY,
  LOG_LEVEL: 'warn',
  DRAIN_SECONDS: '2',
  RING_TIMEOUT_SECONDS: '20',
  // Few people make the load of many.
  LIMIT_INITIATE_PER_MINUTE: '0',
  LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0',
  LIMIT_REST_PER_MINUTE: '0',
  LIMIT_CONNECTIONS_PER_USER: '0',
  LIMIT_CONNECTS_PER_MINUTE: '0',
  LIMIT_HANDSHAKES: '0',
  LIMIT_HANDSHAKES_PER_ADDRESS: '0',
};

const openBooks = (url: string): pg.Pool => {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  return pool;
};

const disconnect = async (callServiceUrl: string, userId: string): Promise<boolean> => {
  try {
    const { status } = await fetch(`${callServiceUrl}/v1/server/users/${userId}/disconnect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SERVER_KEY}` },
      signal: AbortSignal.timeout(DISCONNECT_WITHIN_MS),
    });
    return status === 202;
  } catch {
    return false;
  }
};

/** The whole system as processes of its own, every link of it through a proxy. */
export const startWorld = async (options: WorldOptions): Promise<World> => {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-chaos-'));
  // PostgreSQL does not run as root, and its account has to get to its data.
  await chmod(folder, 0o711);
  starting.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const stores = { dataFolder: folder, durable: options.durable, report: options.report };
  const postgres = starting.use(await openPostgres(stores));
  const redis = starting.use(await openRedis(stores));
  await migrate(postgres.url);
  const books = starting.adopt(openBooks(postgres.url), (pool) => pool.end());
  const count = 1 + options.gateways + options.callServices;
  const [notifierPort = 0, ...ports] = await Promise.all(Array.from({ length: count }, freePort));
  const gatewayPorts = ports.slice(0, options.gateways);
  const callServicePorts = ports.slice(options.gateways);

  const proxyTo = async (url: string): Promise<FaultProxy> => starting.use(await startFaultProxy(url));
  const proxies = (urls: readonly string[]): Promise<FaultProxy[]> => Promise.all(urls.map(proxyTo));
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const times = (count: number, url: string): string[] => new Array<string>(count).fill(url);
  const callServiceUrls = callServicePorts.map(at);
  const links: Links = {
    edge: await proxies(gatewayPorts.map(at)),
    gatewayToRedis: await proxies(times(options.gateways, redis.url)),
    gatewayToCallService: await Promise.all(gatewayPorts.map(() => proxies(callServiceUrls))),
    callServiceToRedis: await proxies(times(options.callServices, redis.url)),
    callServiceToPostgres: await proxies(times(options.callServices, postgres.url)),
    notifierToRedis: await proxyTo(redis.url),
    notifierToCallService: await proxies(callServiceUrls),
  };

  let started = 0;
  const checkouts = (): readonly string[] => {
    const sides = options.beside === undefined ? [REPOSITORY] : [REPOSITORY, options.beside];
    started += 1;
    return started % 2 === 0 ? sides : sides.toReversed();
  };
  const start = (service: ServiceName, name: string, port: number, settings: Record<string, string>): ServiceProcess =>
    starting.use(
      new ServiceProcess({
        service,
        name,
        port,
        logFolder: folder,
        checkouts: checkouts(),
        settings: { ...SETTINGS, ...settings, ...options.settings },
        tellsItsMemory: options.tellsItsMemory ?? false,
      }),
    );
  const urlsOf = (through: readonly FaultProxy[] = []): string => through.map(({ url }) => url).join(',');
  const callServices = callServicePorts.map((port, index) =>
    start('call-service', `call-service-${index}`, port, {
      DATABASE_URL: links.callServiceToPostgres[index]?.url ?? '',
      REDIS_URL: links.callServiceToRedis[index]?.url ?? '',
    }),
  );
  const gateways = gatewayPorts.map((port, index) =>
    start('socket-gateway', `gateway-${index}`, port, {
      REDIS_URL: links.gatewayToRedis[index]?.url ?? '',
      CALL_SERVICE_URLS: urlsOf(links.gatewayToCallService[index]),
    }),
  );
  const notifier = start('notifier', 'notifier', notifierPort, {
    REDIS_URL: links.notifierToRedis.url,
    CALL_SERVICE_URLS: urlsOf(links.notifierToCallService),
  });
  const processes = [...callServices, ...gateways, notifier];
  await Promise.all(processes.map((process) => process.start()));
  const running = starting.move();
  return {
    postgres,
    redis,
    redisPrefix: REDIS_PREFIX,
    gateways,
    callServices,
    notifier,
    processes,
    links,
    folder,
    disconnect: (userId) => disconnect(callServices[0]?.url ?? '', userId),
    query: async <Row extends object>(text: string, values: unknown[] = []) => (await books.query<Row>(text, values)).rows,
    redisCommand: (command, ...args) => commandOnce(redis.url, command, ...args),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
