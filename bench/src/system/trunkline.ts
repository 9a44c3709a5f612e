import { createSecretKey, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { migrate } from '@trunkline/call-service';
import { DEV_INTERNAL_TOKEN, DEV_JWT_SECRET, GATEWAY_RUNTIME } from '@trunkline/service-kit';
import { SignJWT } from 'jose';
import { addTo, type Child, IDLE_GATEWAY, startChild } from './child.ts';
import { messageNumbers } from './message-numbers.ts';
import type { Database, Stores } from './stores.ts';
import type { Ledger, StoredMessages, System } from './system.ts';

export interface TrunklineOptions {
  stores: Stores;
  gateways: number;
  callServices: number;
  /** Another checkout of this repository, for a comparison; this one where it is null. */
  checkout: string | null;
  /** Writes CPU profiles of the services there when they stop. */
  profileFolder: string | null;
  /** Added to the environment of every service. */
  settings?: Readonly<Record<string, string>>;
}

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const TOKEN_SECONDS = 7200;

/** The limits protect one server from one user: here few users make the load of many. */
const NO_LIMITS = {
  LIMIT_INITIATE_PER_MINUTE: '0',
  LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0',
  LIMIT_MESSAGES_PER_MINUTE: '0',
  LIMIT_REST_PER_MINUTE: '0',
  LIMIT_CONNECTIONS_PER_USER: '0',
  LIMIT_CONNECTS_PER_MINUTE: '0',
  LIMIT_HANDSHAKES: '0',
  LIMIT_HANDSHAKES_PER_ADDRESS: '0',
  LIMIT_COMMANDS_PER_SECOND: '100000',
};

export const mintToken = (userId: string): Promise<string> =>
  new SignJWT({ name: userId })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime(Math.floor(Date.now() / 1000) + TOKEN_SECONDS)
    .sign(createSecretKey(DEV_JWT_SECRET, 'utf8'));

const SETTLE_WITHIN_MS = 15_000;

/** Reads until what it reads is settled, 15 seconds at most. */
const settled = async <Books>(read: () => Promise<Books>, isSettled: (books: Books) => boolean): Promise<Books> => {
  const deadline = performance.now() + SETTLE_WITHIN_MS;
  for (;;) {
    const books = await read();
    if (isSettled(books) || performance.now() > deadline) return books;
    await pause(100);
  }
};

const booksOf = async (database: Database, finalState: string): Promise<Ledger> => {
  const [books] = await database.query<Ledger>(`
    SELECT count(*)::int AS calls, count(*) FILTER (WHERE state <> '${finalState}')::int AS wrong,
      (SELECT count(*) FROM (SELECT call_id FROM call_trace WHERE kind IN ('call_rejected', 'call_cancelled', 'call_missed', 'call_ended', 'call_failed')
        GROUP BY call_id HAVING count(*) <> 1) AS twice)::int AS "notOnce",
      (SELECT count(*) FROM outbox)::int AS unpublished
    FROM calls`);
  return books as Ledger;
};

const ledgerOf = (database: Database, finalState: string): Promise<Ledger> =>
  settled(
    () => booksOf(database, finalState),
    ({ unpublished, wrong }) => unpublished === 0 && wrong === 0,
  );

const messagesOf = async (database: Database, first: number): Promise<StoredMessages> => {
  const unpublished = await settled(
    async () => (await database.query<{ events: number }>('SELECT count(*)::int AS events FROM outbox'))[0]?.events ?? 0,
    (events) => events === 0,
  );
  const [chats] = await database.query<{ gaps: number }>(`SELECT count(*)::int AS gaps FROM (SELECT FROM messages GROUP BY chat_id
    HAVING count(*) <> max(seq) OR min(seq) <> 1 OR count(DISTINCT seq) <> count(*)) AS uneven`);
  return { numbers: await messageNumbers(database, first), gaps: chats?.gaps ?? 0, unpublished };
};

const openChat = async (url: string, serverKey: string, [userId, shopperId]: readonly [string, string]): Promise<string> => {
  const answer = await fetch(`${url}/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${serverKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ order_id: `order of ${userId}`, user_id: userId, shopper_id: shopperId }),
  });
  if (answer.status !== 201) throw new Error(`a chat could not be opened: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
};

const CHATS_AT_ONCE = 32;

/** As the app's backend opens them, some at a time. */
const openChats = async (url: string, serverKey: string, members: readonly (readonly [string, string])[]): Promise<string[]> => {
  const ids: string[] = [];
  for (let from = 0; from < members.length; from += CHATS_AT_ONCE) {
    ids.push(...(await Promise.all(members.slice(from, from + CHATS_AT_ONCE).map((pair) => openChat(url, serverKey, pair)))));
  }
  return ids;
};

/** Gateways, call-services and a notifier, with their limits off, on a fresh database and a Redis prefix of their own. */
export const startTrunkline = async (options: TrunklineOptions): Promise<System> => {
  const { stores, gateways, callServices, checkout, profileFolder, settings = {} } = options;
  await using started = new AsyncDisposableStack();
  const database = started.use(await stores.createDatabase());
  await migrate(database.url);
  const { prefix } = started.use(stores.createRedisPrefix('bench'));
  const serverKey = randomBytes(16).toString('hex');
  const env = {
    NODE_ENV: 'development',
    LOG_LEVEL: 'error',
    DATABASE_URL: database.url,
    REDIS_URL: stores.redisUrl,
    REDIS_PREFIX: prefix,
    JWT_SECRET: DEV_JWT_SECRET,
    INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
    // Nobody is there to be sent away politely when it is over.
    DRAIN_SECONDS: '0',
    STOP_NOTICE_SECONDS: '0',
    SERVER_API_KEYS: serverKey,
    ...NO_LIMITS,
    ...settings,
  };
  const nodeOptions = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const start = (service: string, more: Record<string, string>, name = service): Promise<Child> =>
    startChild({
      name,
      script: join(checkout ?? REPOSITORY, 'services', service, 'src/main.ts'),
      env: { ...env, ...more },
      stores,
      nodeOptions: [
        ...nodeOptions,
        ...(profileFolder === null ? [] : [`--cpu-prof-name=${service}-${randomBytes(3).toString('hex')}.cpuprofile`]),
      ],
    });
  const startSome = (count: number, service: string, more: Record<string, string>, name = service): Promise<Child[]> =>
    Promise.all(Array.from({ length: count }, () => start(service, more, name)));
  const startAll = async (count: number, service: string, more: Record<string, string>): Promise<Child[]> => {
    const children = await startSome(count, service, more);
    for (const child of children) started.use(child);
    return children;
  };

  const services = await startAll(callServices, 'call-service', {});
  const addresses = { CALL_SERVICE_URLS: services.map(({ url }) => url).join(',') };
  const ofGateways = { ...addresses, ...GATEWAY_RUNTIME };
  const edges = await startAll(gateways, 'socket-gateway', ofGateways);
  const notifiers = await startAll(1, 'notifier', addresses);
  const processes = [...edges, ...services, ...notifiers];
  const running = started.move();
  return {
    name: 'trunkline',
    gateways: edges,
    processes,
    addIdleGateways: async (count) => addTo(processes, await startSome(count, 'socket-gateway', ofGateways, IDLE_GATEWAY)),
    mintToken,
    openSessions: async () => {
      const [row] = await database.query<{ open: number }>('SELECT count(*)::int AS open FROM sessions WHERE closed_at IS NULL');
      return row?.open ?? 0;
    },
    ledger: (finalState) => ledgerOf(database, finalState),
    openChats: (members) => openChats(services[0]?.url ?? '', serverKey, members),
    storedMessages: (first) => messagesOf(database, first),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
