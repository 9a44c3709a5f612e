import type { TestDatabase } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { listCalls } from '../src/server-api/call-list.ts';
import { tellGone } from '../src/webhooks/online-users.ts';
import { clientOf, startChatService } from './chat-door.ts';

const connectTo = ({ url }: TestDatabase) => openDatabase({ url, poolSize: 1, onError: () => undefined });

/** Puts a view in the place of a table, which takes its time over each row that is `slow`. */
const slowDown = async (database: TestDatabase, table: string, milliseconds: number, slow: string): Promise<void> => {
  await database.query(`ALTER TABLE ${table} RENAME TO stored_${table}`);
  await database.query(
    `CREATE VIEW ${table} AS SELECT * FROM stored_${table} WHERE NOT (${slow}) OR pg_sleep(${milliseconds / 1000}) IS NOT NULL`,
  );
};

it('whether one has blocked somebody is known, however many one has blocked', async () => {
  await using service = await startChatService();
  await service.database.query(`INSERT INTO blocks (owner_id, blocked_id) SELECT 'ann', 'user-' || n FROM generate_series(1, 2000) AS n`);
  await slowDown(service.database, 'blocks', 2, 'true');
  const ann = await clientOf(service, 'ann');
  const isBlocked = async (userId: string) => (await ann.get(`/api/v1/users/me/blocks/${userId}`)).body.data?.blocked;
  expect([await isBlocked('user-7'), await isBlocked('bob')]).toEqual([true, false]);
});

it('who went while no webhooks were sent is told, however many are still there', async () => {
  await using service = await startChatService();
  await service.database.query(`INSERT INTO online_users (user_id) SELECT 'user-' || n FROM generate_series(1, 2000) AS n`);
  await service.database.query(`INSERT INTO sessions (id, gateway_id, user_id)
    SELECT user_id, 'gateway', user_id FROM online_users WHERE user_id <> 'user-999'`);
  await slowDown(service.database, 'sessions', 2, 'true');
  await using database = connectTo(service.database);
  await tellGone(database, new AbortController().signal);
  expect(await service.database.query('SELECT stream, type FROM webhooks')).toEqual([{ stream: 'user:user-999', type: 'user.offline' }]);
});

it('a list of calls that takes too long gives what it has found, and where to go on', async () => {
  await using service = await startChatService();
  await service.database.query(`INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds,
      created_at, updated_at, ring_deadline_at, ended_at)
    SELECT id, 'ann', 'bob', 'AUDIO', 'x', 'ENDED', 3, 60, now() - ago, now(), now(), now()
    FROM (VALUES ('young', interval '10 minutes'), ('old', '1 day')) AS c (id, ago)`);
  await slowDown(service.database, 'calls', 5000, `created_at < now() - interval '12 hours'`);
  await using database = connectTo(service.database);
  const { calls, nextCursor } = await listCalls(database, { limit: 10 });
  expect(calls.map(({ id }) => id)).toEqual(['young']);
  expect(nextCursor).not.toBeNull();
});
