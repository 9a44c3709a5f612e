import pg from 'pg';
import { expect, it } from 'vitest';
import { NOTE_CALLS } from '../src/chat/call-notes.ts';
import { READ_NEWEST, READ_RANGE } from '../src/chat/chat-reader.ts';
import { LOCK_CHATS, READ_KEYS, READ_MARKS, READ_MEMBERS, READ_MESSAGES } from '../src/chat/load-chats.ts';
import { messageIdOf } from '../src/chat/message-id.ts';
import { READ_LAST_MESSAGES, READ_MY_CHATS } from '../src/chat/my-chats.ts';
import { READ_PARTNERS } from '../src/chat/partners.ts';
import { SEARCH_MESSAGES } from '../src/chat/search.ts';
import { searchQuery } from '../src/chat/search-words.ts';
import { MARK_ARCHIVED, MARK_MESSAGES, UPDATE_CHATS } from '../src/chat/store-chats.ts';
import { ARCHIVE_MESSAGES, archiveMessages, keepChats } from '../src/chat/upkeep.ts';
import { DATABASE_SESSION_OPTIONS, openDatabase } from '../src/database/database.ts';
import { clientOf, openChat, rethrow, startChatService } from './chat-door.ts';

interface Statement {
  name: string;
  text: string;
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Plan[];
}

const flat = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flat)];

const explain = async (client: pg.Client, { text }: Statement, values: readonly unknown[], options: string): Promise<Plan> => {
  const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
    `EXPLAIN (FORMAT JSON${options}) ${text.replace(/FOR UPDATE OF c/, '')}`,
    values as unknown[],
  );
  return rows[0]?.['QUERY PLAN'][0]?.Plan as Plan;
};

/** How many blocks the statement touched. */
const costOf = async (client: pg.Client, statement: Statement, values: readonly unknown[]): Promise<number> => {
  const plan = await explain(client, statement, values, ', ANALYZE, BUFFERS');
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
};

const scansIn = async (client: pg.Client, statements: readonly (readonly [Statement, readonly unknown[]])[]): Promise<string[]> => {
  const scans: string[] = [];
  for (const [statement, values] of statements) {
    for (const node of flat(await explain(client, statement, values, ''))) {
      if (node['Node Type'] === 'Seq Scan' && node['Relation Name'] !== undefined)
        scans.push(`${statement.name}: ${node['Relation Name']}`);
    }
  }
  return scans;
};

/** A million messages over two years, a third of them archived. Their ids are of no use here. */
const FILL = (
  from: number,
  to: number,
  table: string,
): string => `INSERT INTO ${table} (id, chat_id, seq, created_at, sender_id, content, type)
  SELECT gen_random_uuid(), $1, n, now() - interval '700 days' + n * interval '60 seconds', 'ann', 'm' || n, 'text'
  FROM generate_series(${from}, ${to}) AS n`;

it('a page deep in a chat of a million messages costs what the first one costs, and nothing on the way scans', async () => {
  await using service = await startChatService({ MESSAGE_ARCHIVE_DAYS: '0' });
  const chatId = await openChat(service);
  const client = new pg.Client({
    connectionString: service.database.url,
    options: DATABASE_SESSION_OPTIONS.replace('statement_timeout=2500', 'statement_timeout=0'),
  });
  await client.connect();
  try {
    const id = messageIdOf(Date.now(), 7);
    const hot: readonly (readonly [Statement, readonly unknown[]])[] = [
      [LOCK_CHATS, [[chatId], ['ann'], ['sho'], ['order']]],
      [READ_MEMBERS, [[chatId], ['ann'], ['sho'], ['order']]],
      [READ_KEYS, [[chatId], ['ann'], ['key']]],
      [READ_MESSAGES, [[chatId], [7], [Date.now()], [id]]],
      [READ_MARKS, [[chatId], [7], [Date.now()], [id]]],
      [READ_RANGE, [chatId, 0, 50]],
      [READ_NEWEST, [chatId, 0, 50, 1000]],
      [READ_MY_CHATS, ['ann', 'active', Date.now(), chatId, 21, 0]],
      [READ_LAST_MESSAGES, [[chatId], [7], [Date.now()]]],
      [UPDATE_CHATS, [JSON.stringify([{ id: chatId, status: 'active', lastSeq: 1, eventSeq: 1, lastMessageAt: 1, updatedAt: 1 }])]],
      [MARK_MESSAGES, [JSON.stringify([{ id, chatId, seq: 7, createdAt: 1, readBy: 1, readAt: 1 }])]],
      [MARK_ARCHIVED, [JSON.stringify([{ id, chatId, seq: 7, createdAt: 1, readBy: 1, readAt: 1 }])]],
      [NOTE_CALLS, [['call'], ['ann'], ['sho']]],
      [READ_PARTNERS, [['ann'], ['session']]],
      [ARCHIVE_MESSAGES, [365, '-infinity']],
      [SEARCH_MESSAGES, [searchQuery([chatId], 'word'), 21, 31, -1]],
    ];
    expect(await scansIn(client, hot)).toEqual([]);
    for (let ago = 1; ago <= 12; ago += 1) {
      await client.query(`DO $$ DECLARE month timestamptz := date_trunc('month', now(), 'UTC') - interval '${ago} months'; BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF messages FOR VALUES FROM (%L) TO (%L)', 'messages_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM'), month, month + interval '1 month');
      END $$`);
    }
    await client.query('DROP INDEX messages_words, messages_archive_words');
    await client.query(FILL(1, 500_000, 'messages_archive'), [chatId]);
    await client.query(FILL(500_001, 1_000_000, 'messages'), [chatId]);
    await client.query('UPDATE chats SET last_seq = 1000000 WHERE id = $1', [chatId]);
    await client.query('ANALYZE messages, messages_archive, chats, chat_members');
    expect(await scansIn(client, hot.slice(0, -1))).toEqual([]);
    const page = (upTo: number): Promise<number> => costOf(client, READ_RANGE, [chatId, upTo - 50, upTo]);
    await page(1_000_000);
    const first = await page(1_000_000);
    for (const deep of [900_000, 700_000, 500_025, 250_000, 50]) expect(await page(deep)).toBeLessThan(first * 2);
    const ann = await clientOf(service, 'ann');
    const { body } = await ann.get(`/v1/chat/${chatId}/messages?page=15000`);
    expect([body.total, body.messages.length, body.messages[0].content, body.messages[49].content]).toEqual([
      1_000_000,
      50,
      'm250050',
      'm250001',
    ]);
  } finally {
    await client.end();
  }
}, 240_000);

it('old messages move to the archive, where history, marks, search and retries still find them', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [ann, sho] = [await clientOf(service, 'ann'), await clientOf(service, 'sho')];
  await using database = openDatabase({ url: service.database.url, poolSize: 2, onError: () => undefined });
  const old = Date.UTC(2020, 4, 5);
  for (let index = 1; index <= 30; index += 1)
    await ann.post(`/v1/chat/${chatId}/messages`, { content: `number ${index}`, client_message_id: `c${index}` });
  const before = (await ann.get(`/v1/chat/${chatId}/messages`)).body;
  const aged: string[] = [];
  for (let seq = 1; seq <= 20; seq += 1) {
    const id = messageIdOf(old + seq, seq);
    aged.push(id);
    await service.database.query('UPDATE messages SET id = $2, created_at = to_timestamp($3::float8 / 1000) WHERE seq = $1', [
      seq,
      id,
      old + seq,
    ]);
  }
  await archiveMessages(database, 30);
  const [counts] = await service.database.query(
    'SELECT (SELECT count(*)::int FROM messages) AS here, (SELECT count(*)::int FROM messages_archive) AS there',
  );
  expect(counts).toEqual({ here: 10, there: 20 });
  const after = (await ann.get(`/v1/chat/${chatId}/messages`)).body;
  const contents = (page: { messages: { content: string }[] }) => page.messages.map(({ content }) => content);
  expect([after.total, contents(after)]).toEqual([30, contents(before)]);
  expect((await sho.get(`/v1/chat/${chatId}/messages?before=${aged[9]}&limit=3`)).body.messages).toHaveLength(3);
  const read = await sho.request('PUT', `/v1/chat/${chatId}/messages/read`, { message_ids: [aged[0], after.messages[0].id] });
  expect([read.status, read.body.unread_count]).toEqual([200, 28]);
  expect((await ann.get(`/v1/chat/${chatId}/messages?page=30&limit=1`)).body.messages[0].read_at).toBe(read.body.read_at);
  expect(contents((await sho.get('/v1/chat/search?q=number%203')).body)).toEqual(['number 30', 'number 3']);
});

it('partitions are made ahead, what lay in the default one moves over, and empty old ones go', async () => {
  await using service = await startChatService();
  await using database = openDatabase({ url: service.database.url, poolSize: 2, onError: () => undefined });
  const partitions = async (): Promise<string[]> => {
    const rows = await service.database.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'messages'::regclass ORDER BY c.relname`,
    );
    return rows.map(({ name }) => name);
  };
  const chatId = await openChat(service);
  const made = await partitions();
  expect(made).toHaveLength(5);
  const [current = '', next = ''] = made;
  await service.database.query(`DROP TABLE ${current}, ${next}`);
  await service.database.query(`CREATE TABLE messages_2019_01 PARTITION OF messages FOR VALUES FROM ('2019-01-01Z') TO ('2019-02-01Z')`);
  const ann = await clientOf(service, 'ann');
  const sent = (await ann.post(`/v1/chat/${chatId}/messages`, { content: 'by default' })).body;
  expect(await service.database.query('SELECT id FROM messages_default')).toEqual([{ id: sent.id }]);
  await Promise.all([keepChats(database, 365, rethrow), keepChats(database, 365, rethrow)]);
  expect(await partitions()).toEqual(made);
  expect(await service.database.query('SELECT FROM messages_default')).toEqual([]);
  expect((await ann.get(`/v1/chat/${chatId}/messages`)).body.messages).toEqual([sent]);
});
