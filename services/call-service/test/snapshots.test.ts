import { backingUrls, createTestDatabase } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { type ConcernedCall, READ_CONCERNED } from '../src/sessions/snapshots.ts';

const CALLS = 40;

const FILL = [
  // Of a busy person: all of them are over, and the last one ended while this phone was away.
  `INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds, created_at, updated_at,
    ring_deadline_at, ended_at)
  SELECT 'call-' || n, 'ann', 'bob', 'AUDIO', 'x', 'CANCELLED', 3, 60, now(), now(), now(), now() FROM generate_series(1, ${CALLS}) AS n`,
  `INSERT INTO call_trace (call_id, at, kind, user_id, device_id, session_id)
  SELECT 'call-' || n, now(), kind, 'bob', 'phone', 'earlier' FROM generate_series(1, ${CALLS}) AS n, (VALUES ('ring_sent'), ('stop_sent')) AS k (kind)
  WHERE n < ${CALLS} OR kind = 'ring_sent'`,
  // One that rings, and one that rang nowhere of his.
  `INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds, created_at, updated_at,
    ring_deadline_at, ended_at)
  SELECT id, 'cem', 'bob', 'AUDIO', 'x', state, 3, 60, now() + interval '1 second', now(), now(), ended_at
  FROM (VALUES ('live', 'RINGING', NULL), ('unheard', 'CANCELLED', now())) AS c (id, state, ended_at)`,
];

it('of calls that are over, only those that say something to who connects leave the database', async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    for (const text of FILL) await client.query(text);
    const { rows } = await client.query<ConcernedCall>(READ_CONCERNED.text, [['new'], ['bob'], ['phone']]);
    expect(rows.map(({ id, wasRung, wasStopped }) => ({ id, wasRung, wasStopped }))).toEqual([
      { id: `call-${CALLS}`, wasRung: true, wasStopped: false },
      { id: 'live', wasRung: false, wasStopped: false },
    ]);
  } finally {
    await client.end();
  }
});
