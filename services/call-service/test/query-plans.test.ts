import { backingUrls, createTestDatabase } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { UPDATE_CALLS } from '../src/calls/call-columns.ts';
import { READ_DUE } from '../src/calls/deadline-sweep.ts';
import { LOCK_CALLS, READ_DONE_COMMANDS } from '../src/calls/load.ts';
import { DATABASE_SESSION_OPTIONS } from '../src/database/database.ts';
import { READ_BACKLOG } from '../src/metrics/watch-database.ts';
import { READ_CONCERNED } from '../src/sessions/snapshots.ts';
import { READ_EVIDENCE, READ_TRACE, READ_TRACED_CALL } from '../src/traces/trace-reader.ts';

const RECORD = JSON.stringify([{ id: 'x', state: 'RINGING', seq: 1 }]);

const HOT: readonly (readonly [{ name: string; text: string }, readonly unknown[]])[] = [
  [LOCK_CALLS, [['x'], ['ann']]],
  [READ_DONE_COMMANDS, [['x'], ['c']]],
  [READ_DUE, []],
  [READ_BACKLOG, []],
  [READ_TRACED_CALL, ['x']],
  [READ_TRACE, ['x']],
  [READ_EVIDENCE, [60]],
  [UPDATE_CALLS, [RECORD]],
  [READ_CONCERNED, [['s'], ['ann'], ['d']]],
];

const FILL = `INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds, created_at, updated_at,
    ring_deadline_at, ended_at)
  SELECT 'call-' || n, 'user-' || n % 5000, 'user-' || (n * 7) % 5000, 'AUDIO', 'x', 'ENDED', 3, 60, now(), now(), now(), now()
  FROM generate_series(1, 50000) AS n`;

const tablesScanned = async (client: pg.Client): Promise<string[]> => {
  const scanned: string[] = [];
  for (const [{ name, text }, values] of HOT) {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN ${text.replace('FOR UPDATE SKIP LOCKED', '')}`,
      values as unknown[],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    if (/Seq Scan on (calls|call_trace|outbox|sessions|lines)/.test(plan)) scanned.push(`${name}\n${plan}`);
  }
  return scanned;
};

it('no statement of the hot path scans a table, while it is empty or when it is large', async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  const client = new pg.Client({ connectionString: database.url, options: DATABASE_SESSION_OPTIONS });
  await client.connect();
  try {
    expect(await tablesScanned(client)).toEqual([]);
    await client.query(FILL);
    await client.query('ANALYZE');
    expect(await tablesScanned(client)).toEqual([]);
  } finally {
    await client.end();
  }
});
