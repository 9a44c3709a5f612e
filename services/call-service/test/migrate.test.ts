import { backingUrls, createTestDatabase, type TestDatabase, until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { migrate } from '../src/database/migrate.ts';

const NAME = '0008-audit-by-filter';
/** What that migration made. */
const UNDO = [
  'DROP INDEX server_audit_of_chat, server_audit_of_user_newest, server_audit_of_key_and_action, server_audit_of_action, server_audit_of_key',
  `DELETE FROM knex_migrations WHERE name = '${NAME}'`,
];

const connectTo = async ({ url }: TestDatabase) => {
  const client = new pg.Client({ connectionString: url, lock_timeout: 5000 });
  await client.connect();
  return { query: (text: string) => client.query(text), [Symbol.asyncDispose]: () => client.end() };
};

it('several that migrate at once take turns, also where one died of it before', async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  for (const text of [...UNDO, 'UPDATE knex_migrations_lock SET is_locked = 1']) await database.query(text);
  const ran = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  expect(ran.flat()).toEqual([NAME]);
});

it('what a later version has migrated keeps no earlier one from starting', async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await database.query(`INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('9999-later', 2, now())`);
  expect(await migrate(database.url)).toEqual([]);
});

it('a migration that waits for somebody lets everybody else through, and runs later', async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  for (const text of UNDO) await database.query(text);
  await using slow = await connectTo(database);
  await using quick = await connectTo(database);
  await slow.query('BEGIN; LOCK TABLE server_audit IN ROW EXCLUSIVE MODE');
  const migrating = migrate(database.url);
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await until('the migration waits', async () => (await database.query(waiting)).length > 0);
  await quick.query(`INSERT INTO server_audit (action) VALUES ('speak')`);
  await slow.query('COMMIT');
  expect(await migrating).toEqual([NAME]);
});
