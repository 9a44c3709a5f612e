import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { DEV_JWT_SECRET } from '@trunkline/service-kit';
import { Redis } from 'ioredis';
import { addTo, type Child, IDLE_GATEWAY, startChild } from './child.ts';
import { messageNumbers } from './message-numbers.ts';
import type { Database, Stores } from './stores.ts';
import type { Ledger, System } from './system.ts';
import { mintToken } from './trunkline.ts';

export interface BaselineOptions {
  stores: Stores;
  processes: number;
}

const MAIN = resolve(import.meta.dirname, '../../baseline/main.ts');

const SCHEMA = `
CREATE TABLE calls (
  id uuid PRIMARY KEY,
  caller_id text NOT NULL,
  callee_id text NOT NULL,
  call_type text NOT NULL,
  state text NOT NULL,
  reason text,
  created_at timestamptz NOT NULL,
  accepted_at timestamptz,
  ended_at timestamptz
);
CREATE INDEX ON calls (caller_id, created_at);
CREATE INDEX ON calls (callee_id, created_at);
CREATE TABLE chats (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  shopper_id text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE messages (
  id uuid PRIMARY KEY,
  chat_id uuid NOT NULL REFERENCES chats (id),
  sender_id text NOT NULL,
  content text NOT NULL,
  type text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX ON messages (chat_id, created_at)`;

const openChats = async (database: Database, members: readonly (readonly [string, string])[]): Promise<string[]> => {
  const chats = members.map(([userId, shopperId]) => ({ id: randomUUID(), userId, shopperId }));
  const rows = chats.map(({ id, userId, shopperId }) => `('${id}', '${userId}', '${shopperId}', now())`);
  await database.query(`INSERT INTO chats (id, user_id, shopper_id, created_at) VALUES ${rows.join(', ')}`);
  return chats.map(({ id }) => id);
};

/** The ordinary server of `bench/baseline`, several processes of it. It speaks OnlyCare's words for calls and Otsy's for chats. */
export const startBaseline = async ({ stores, processes }: BaselineOptions): Promise<System> => {
  await using started = new AsyncDisposableStack();
  const database = started.use(await stores.createDatabase());
  await database.query(SCHEMA);
  const { prefix } = started.use(stores.createRedisPrefix('baseline'));
  const redis = started.adopt(new Redis(stores.redisUrl), (connection) => connection.disconnect());
  const env = {
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    REDIS_URL: stores.redisUrl,
    REDIS_PREFIX: prefix,
    JWT_SECRET: DEV_JWT_SECRET,
  };
  const startSome = (count: number, name = 'baseline'): Promise<Child[]> =>
    Promise.all(Array.from({ length: count }, () => startChild({ name, script: MAIN, env, stores })));
  const children = await startSome(processes);
  for (const child of children) started.use(child);
  const all = [...children];
  const running = started.move();
  return {
    name: 'baseline',
    gateways: children,
    processes: all,
    addIdleGateways: async (count) => addTo(all, await startSome(count, IDLE_GATEWAY)),
    mintToken,
    openSessions: () => redis.hlen(`${prefix}:sockets`),
    ledger: async (finalState): Promise<Ledger> => {
      const [books] = await database.query<{ calls: number; wrong: number }>(
        `SELECT count(*)::int AS calls, count(*) FILTER (WHERE state <> '${finalState}')::int AS wrong FROM calls`,
      );
      return { calls: books?.calls ?? 0, wrong: books?.wrong ?? 0, notOnce: 0, unpublished: 0 };
    },
    openChats: (members) => openChats(database, members),
    storedMessages: async (first) => ({ numbers: await messageNumbers(database, first), gaps: 0, unpublished: 0 }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
