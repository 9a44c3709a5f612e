import { backingUrls, createTestDatabase } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { type Database, openDatabase, type Statement } from '../src/database/database.ts';

const ECHO: Statement = { name: 'echo', text: 'SELECT $1::integer AS said' };
const DIVIDE: Statement = { name: 'divide', text: 'SELECT 10 / $1::integer AS part' };
const MAKE: Statement = { name: 'make', text: 'CREATE TABLE notes (note text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)' };
const NOTE: Statement = { name: 'note', text: 'INSERT INTO notes (note) VALUES ($1)' };
const COUNT: Statement = { name: 'count', text: 'SELECT count(*)::integer AS notes FROM notes' };

const openTestDatabase = async () => {
  const { url, ...rest } = await createTestDatabase(backingUrls().templateDatabaseUrl);
  const database = openDatabase({ url, poolSize: 1, onError: () => undefined });
  await database.query(MAKE, []);
  return {
    database,
    url,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rest[Symbol.asyncDispose]();
    },
  };
};

const notesIn = async (database: Database) => (await database.query<{ notes: number }>(COUNT, []))[0]?.notes;

it('statements that travel together are answered one by one, also the same one twice', async () => {
  await using opened = await openTestDatabase();
  const { database } = opened;
  const said = await database.transaction(async ({ query, send }) => {
    send(NOTE, ['first']);
    const together = await Promise.all([query(ECHO, [1]), query(COUNT, []), query(ECHO, [2]), query(ECHO, [null])]);
    send(NOTE, ['second']);
    return [...together, await query(COUNT, [])];
  });
  expect(said).toEqual([[{ said: 1 }], [{ notes: 1 }], [{ said: 2 }], [{ said: null }], [{ notes: 2 }]]);
  expect(await notesIn(database)).toBe(2);
});

it('what failed first is what a transaction fails with, wherever it was, and nothing is stored', async () => {
  await using opened = await openTestDatabase();
  const { database } = opened;
  const behind = database.transaction(async ({ query, send }) => {
    send(NOTE, ['lost']);
    send(DIVIDE, [0]);
    return await query(ECHO, [1]);
  });
  await expect(behind).rejects.toMatchObject({ code: '22012' });
  const last = database.transaction(async ({ query, send }) => {
    await query(ECHO, [1]);
    send(NOTE, ['lost']);
    send(DIVIDE, [0]);
  });
  await expect(last).rejects.toMatchObject({ code: '22012' });
  const own = database.transaction(async ({ send }) => {
    send(NOTE, ['lost']);
    throw new Error('on second thoughts');
  });
  await expect(own).rejects.toThrow('on second thoughts');
  expect(await notesIn(database)).toBe(0);
});

it('what only its commit refuses has failed, in a transaction and alone', async () => {
  await using opened = await openTestDatabase();
  const { database } = opened;
  await database.query(NOTE, ['taken']);
  const twice = database.transaction(async ({ send }) => send(NOTE, ['taken']));
  await expect(twice).rejects.toMatchObject({ code: '23505' });
  await expect(database.query(NOTE, ['taken'])).rejects.toMatchObject({ code: '23505' });
  expect(await notesIn(database)).toBe(1);
});

it('a value that cannot be sent fails its transaction, and not those after it', async () => {
  await using opened = await openTestDatabase();
  const { database } = opened;
  const circular: { self?: object } = {};
  circular.self = circular;
  await expect(database.transaction(({ query }) => query(ECHO, [circular]))).rejects.toThrow(/circular/);
  expect(await database.query(ECHO, [3])).toEqual([{ said: 3 }]);
});

it('a connection that PostgreSQL ends fails what was under way, and the next one does again', async () => {
  await using opened = await openTestDatabase();
  const { database, url } = opened;
  const [row] = await database.query<{ pid: number }>({ name: 'pid', text: 'SELECT pg_backend_pid() AS pid' }, []);
  const ended = expect(database.query({ name: 'sleep', text: 'SELECT pg_sleep(2)' }, [])).rejects.toThrow();
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query('SELECT pg_terminate_backend($1)', [row?.pid]);
  await admin.end();
  await ended;
  expect(await database.query(ECHO, [4])).toEqual([{ said: 4 }]);
});

it('a row that cannot be read fails its transaction, and not the process', async () => {
  await using opened = await openTestDatabase();
  const { database } = opened;
  const readMoney = pg.types.getTypeParser(pg.types.builtins.MONEY, 'text');
  pg.types.setTypeParser(pg.types.builtins.MONEY, () => {
    throw new Error('not a number');
  });
  try {
    const unread = database.transaction(({ query, send }) => {
      send(NOTE, ['lost']);
      return query({ name: 'money', text: 'SELECT n::money FROM generate_series(1, 3) AS n' }, []);
    });
    await expect(unread).rejects.toThrow('not a number');
  } finally {
    pg.types.setTypeParser(pg.types.builtins.MONEY, readMoney);
  }
  expect(await notesIn(database)).toBe(0);
});
