import { createSecretKey, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { migrate } from '@trunkline/call-service';
import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, GATEWAY_NODE_OPTIONS } from '@trunkline/service-kit';
import { SignJWT } from 'jose';
import { type Child, startChild } from './child.ts';
import type { Database, Stores } from './stores.ts';
import type { Ledger, System } from './system.ts';

export interface TrunklineOptions {
  stores: Stores;
  gateways: number;
  callServices: number;
  /** Another checkout of this repository, for a comparison; this one where it is null. */
  checkout: string | null;
  /** Writes CPU profiles of the services there when they stop. */
  profileFolder: string | null;
}

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const TOKEN_SECONDS = 7200;

/** The limits protect one server from one user: here few users make the load of many. */
const NO_LIMITS = {
  LIMIT_INITIATE_PER_MINUTE: '0',
  LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0',
  LIMIT_REST_PER_MINUTE: '0',
  LIMIT_CONNECTIONS_PER_USER: '0',
  LIMIT_COMMANDS_PER_SECOND: '100000',
};

export const mintToken = (userId: string): Promise<string> =>
  new SignJWT({ name: userId })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime(Math.floor(Date.now() / 1000) + TOKEN_SECONDS)
    .sign(createSecretKey(DEV_JWT_SECRET, 'utf8'));

const SETTLE_WITHIN_MS = 15_000;

const booksOf = async (database: Database, finalState: string): Promise<Ledger> => {
  const [books] = await database.query<Ledger>(`
    SELECT count(*)::int AS calls, count(*) FILTER (WHERE state <> '${finalState}')::int AS wrong,
      (SELECT count(*) FROM (SELECT call_id FROM call_trace WHERE kind IN ('call_rejected', 'call_cancelled', 'call_missed', 'call_ended', 'call_failed')
        GROUP BY call_id HAVING count(*) <> 1) AS twice)::int AS "notOnce",
      (SELECT count(*) FROM outbox)::int AS unpublished
    FROM calls`);
  return books as Ledger;
};

const ledgerOf = async (database: Database, finalState: string): Promise<Ledger> => {
  const deadline = performance.now() + SETTLE_WITHIN_MS;
  for (;;) {
    const books = await booksOf(database, finalState);
    if ((books.unpublished === 0 && books.wrong === 0) || performance.now() > deadline) return books;
    await pause(100);
  }
};

/** Gateways, call-services and a notifier, with their limits off, on a fresh database and a Redis prefix of their own. */
export const startTrunkline = async (options: TrunklineOptions): Promise<System> => {
  const { stores, gateways, callServices, checkout, profileFolder } = options;
  await using started = new AsyncDisposableStack();
  const database = started.use(await stores.createDatabase());
  await migrate(database.url);
  const env = {
    NODE_ENV: 'development',
    LOG_LEVEL: 'error',
    DATABASE_URL: database.url,
    REDIS_URL: stores.redisUrl,
    REDIS_PREFIX: `bench-${randomBytes(6).toString('hex')}`,
    JWT_SECRET: DEV_JWT_SECRET,
    INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
    ...NO_LIMITS,
  };
  const nodeOptions = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const start = (service: string, more: Record<string, string>): Promise<Child> =>
    startChild({
      name: service,
      script: join(checkout ?? REPOSITORY, 'services', service, 'src/main.ts'),
      env: { ...env, ...more },
      nodeOptions: [
        ...nodeOptions,
        ...(profileFolder === null ? [] : [`--cpu-prof-name=${service}-${randomBytes(3).toString('hex')}.cpuprofile`]),
      ],
    });
  const startAll = async (count: number, service: string, more: Record<string, string>): Promise<Child[]> => {
    const children = await Promise.all(Array.from({ length: count }, () => start(service, more)));
    for (const child of children) started.use(child);
    return children;
  };

  const services = await startAll(callServices, 'call-service', {});
  const addresses = { CALL_SERVICE_URLS: services.map(({ url }) => url).join(',') };
  const edges = await startAll(gateways, 'socket-gateway', { ...addresses, NODE_OPTIONS: GATEWAY_NODE_OPTIONS });
  const notifiers = await startAll(1, 'notifier', addresses);
  const running = started.move();
  return {
    name: 'trunkline',
    gateways: edges,
    processes: [...edges, ...services, ...notifiers],
    mintToken,
    openSessions: async () => {
      const [row] = await database.query<{ open: number }>('SELECT count(*)::int AS open FROM sessions WHERE closed_at IS NULL');
      return row?.open ?? 0;
    },
    ledger: (finalState) => ledgerOf(database, finalState),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
