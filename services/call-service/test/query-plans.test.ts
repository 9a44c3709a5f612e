import { backingUrls, createTestDatabase } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { FORGET_ANSWERS } from '../src/calls/answer-sweep.ts';
import { READ_DUE } from '../src/calls/deadline-sweep.ts';
import { LOCK_CALLS, LOCK_NAMED_CALLS, READ_BESIDE } from '../src/calls/load.ts';
import { storeStatement } from '../src/calls/store.ts';
import { WAS_DECIDED } from '../src/calls/was-decided.ts';
import { READ_LEFT_BEHIND } from '../src/chat/call-notes.ts';
import { READ_LEFT_CHATS, READ_UNSEEN } from '../src/chat/left-seats.ts';
import { DROP_SEATS, TAKE_SEAT } from '../src/chat/seats.ts';
import { FORGET_KEYS } from '../src/chat/upkeep.ts';
import { DATABASE_SESSION_OPTIONS } from '../src/database/database.ts';
import { READ_LIVE_CALLS, READ_LIVE_WAITING, READ_RECENT_CALLS } from '../src/live/live-reader.ts';
import { READ_NEWEST_PUSHES, READ_PUSHES_OF_CALL, READ_PUSHES_OF_USER } from '../src/live/push-list.ts';
import { READ_BACKLOG, READ_OLDEST_PUSHES } from '../src/metrics/watch-database.ts';
import { READ_AWAY } from '../src/notifications/away-pushes.ts';
import { CLAIM_BULK, READ_NEXT_TARGETED } from '../src/notifications/bulks.ts';
import { CLAIM_PUSHES } from '../src/notifications/claim-pushes.ts';
import { READ_EXPIRED_NOW } from '../src/notifications/expired-pushes.ts';
import { READ_PUSH_HISTORY } from '../src/notifications/push-history.ts';
import { FORGET_BULKS, FORGET_PUSHES, SWEEPS } from '../src/notifications/push-sweep.ts';
import { DROP_RINGS } from '../src/notifications/queue-call-pushes.ts';
import { QUEUE_PUSHES } from '../src/notifications/queue-pushes.ts';
import { READ_REACH } from '../src/notifications/reach.ts';
import { READ_RINGING_OF } from '../src/notifications/reach-watch.ts';
import { RECORD_RESULTS, RELEASE_WAITING } from '../src/notifications/record-results.ts';
import { CLAIM_LEFT_BEHIND, READ_LEFT_BEHIND as READ_LEFT_IN_OUTBOX } from '../src/outbox/relay.ts';
import { auditPage } from '../src/server-api/audit-reader.ts';
import { READ_CHAT_NEWS } from '../src/sessions/chat-news.ts';
import { DISCONNECT_USER, FORGET_SESSIONS, READ_UNSETTLED } from '../src/sessions/session-register.ts';
import { READ_CONCERNED } from '../src/sessions/snapshots.ts';
import { READ_UNREAD } from '../src/sessions/unread-chats.ts';
import { READ_STEPS, READ_STEPS_OF_CALL } from '../src/traces/step-feed.ts';
import { READ_EVIDENCE, READ_TRACE, READ_TRACED_CALL } from '../src/traces/trace-reader.ts';
import { READ_OWN_CALLS } from '../src/users/erase.ts';
import { FORGET_CALLER, FORGET_SENDER, READ_CHAT_PARTNERS } from '../src/users/erase-pushes.ts';
import { FORGET_AUDIT, FORGET_BLOCKS, FORGET_OWN_KEYS, FORGET_OWN_PUSHES } from '../src/users/erase-rows.ts';
import { READ_REGISTERED } from '../src/users/online.ts';
import { GO_OFFLINE, READ_GONE } from '../src/webhooks/online-users.ts';
import { CHOOSE } from '../src/webhooks/replay.ts';
import { READ_WAITING } from '../src/webhooks/start-webhooks.ts';
import { CLAIM_STREAMS, FORGET_WEBHOOKS, LEAVE_STREAMS, NOTE_RESULTS, READ_FIRST, RELEASE_STREAMS } from '../src/webhooks/webhook-store.ts';

const RECORD = JSON.stringify([{ id: 'x', state: 'RINGING', seq: 1 }]);

const UUID = '0193b5f0-0000-7000-8000-000000000001';
const ORDER = JSON.stringify([{ notificationId: UUID, userId: 'ann', callId: 'x', content: { type: 'call_cancelled' }, onlyIfRung: true }]);
const LATE_RING = JSON.stringify([{ notificationId: UUID, userId: 'ann', targetId: UUID, callId: 'x', content: {} }]);
const RESULT = JSON.stringify([{ id: UUID, attempt: 1, outcome: 'target_gone' }]);

const SENT = JSON.stringify([{ stream: 'call:x', claim: 1, seq: '1', status: 'delivered', attempts: 1, error: null, delayMs: 0 }]);

const SPAN = { since: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' };
const AUDITED = [{ key: 'k' }, { action: 'a' }, { chatId: UUID }, { userId: 'ann' }, { callId: ['x'] }];

type Asked = readonly [{ name: string; text: string }, readonly unknown[]];

const SWEPT = SWEEPS.map((sweep): Asked => [sweep, [false]]);

/** What looks for what is due, old or recent. */
const BY_TIME: readonly Asked[] = [
  [READ_DUE, []],
  [READ_CONCERNED, [['s'], ['ann'], ['d']]],
  [READ_UNSETTLED, []],
  [READ_LEFT_BEHIND, []],
  [READ_LEFT_IN_OUTBOX, ['-infinity', '', 0]],
  ...SWEPT,
  [CLAIM_BULK, [500]],
  [CLAIM_STREAMS, [32, 15_000]],
  [FORGET_ANSWERS, []],
  [FORGET_SESSIONS, []],
  [FORGET_PUSHES, []],
  [FORGET_BULKS, []],
  [FORGET_WEBHOOKS, [168]],
  [FORGET_KEYS, [365]],
];

const HOT: readonly Asked[] = [
  ...BY_TIME,
  [LOCK_CALLS, [['x'], ['ann']]],
  [LOCK_NAMED_CALLS, [['x']]],
  [READ_BESIDE, [['k'], ['ann'], ['bob'], ['ann'], ['x'], ['c']]],
  [READ_BACKLOG, []],
  [READ_OLDEST_PUSHES, []],
  [CLAIM_LEFT_BEHIND, [['x']]],
  [READ_TRACED_CALL, ['x']],
  [READ_TRACE, ['x']],
  [READ_EVIDENCE, [60]],
  [READ_STEPS, [0, 500, null]],
  [READ_STEPS, [0, 500, 'ann']],
  [READ_STEPS_OF_CALL, ['x', 0, 500]],
  [storeStatement(['placed', 'changed', 'traced']), ['[]', RECORD, '[]']],
  [storeStatement(['changed']), [RECORD]],
  [READ_UNREAD, [['s'], ['ann']]],
  [READ_CHAT_NEWS, [['s'], ['ann'], [0]]],
  [READ_REACH, [['ann']]],
  [
    READ_AWAY,
    [
      [0, 1],
      [UUID, UUID],
      ['ann', 'bob'],
      [null, UUID],
    ],
  ],
  [READ_RINGING_OF, [['ann']]],
  [QUEUE_PUSHES, [ORDER]],
  [QUEUE_PUSHES, [LATE_RING]],
  [READ_LEFT_CHATS, [['s']]],
  [READ_UNSEEN, [['s'], 60]],
  [TAKE_SEAT, [UUID, 's']],
  [DROP_SEATS, [[UUID], ['ann']]],
  [DROP_RINGS, [['x']]],
  [CLAIM_PUSHES, [[UUID], [1]]],
  [RECORD_RESULTS, [RESULT]],
  [RELEASE_WAITING, [['x'], [UUID], ['call_cancelled']]],
  [READ_NEXT_TARGETED, ['', 500]],
  [READ_PUSH_HISTORY, ['ann', UUID, 20]],
  [READ_LIVE_CALLS, []],
  [READ_LIVE_WAITING, []],
  [READ_RECENT_CALLS, []],
  [READ_NEWEST_PUSHES, [50]],
  [READ_PUSHES_OF_USER, [50, 'ann']],
  [READ_PUSHES_OF_CALL, [50, 'x']],
  [DISCONNECT_USER, ['ann', 'key']],
  [READ_FIRST, [['call:x'], [1]]],
  [NOTE_RESULTS, [SENT]],
  [RELEASE_STREAMS, [SENT]],
  [LEAVE_STREAMS, [['call:x']]],
  [READ_EXPIRED_NOW, [[UUID]]],
  [CHOOSE, ['2026-01-01T00:00:00Z', '0', null, null]],
  [READ_WAITING, []],
  [GO_OFFLINE, [['ann']]],
  [READ_GONE, ['']],
  [WAS_DECIDED, [['k'], 'x']],
  [FORGET_CALLER, ['ann', 'erased', ['x']]],
  [READ_CHAT_PARTNERS, ['ann']],
  [FORGET_SENDER, ['ann', 'erased', 'bob', UUID]],
  ...[{}, SPAN, ...AUDITED.flatMap((filter) => [filter, { ...filter, ...SPAN }])].map((asked) => auditPage(asked, 51)),
  [READ_OWN_CALLS, ['ann']],
  [FORGET_OWN_KEYS, ['ann']],
  [FORGET_OWN_PUSHES, ['ann']],
  [FORGET_BLOCKS, ['ann']],
  [FORGET_AUDIT, ['ann', 'erased']],
  [READ_REGISTERED, [['ann']]],
];

const FILL = [
  `INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds, created_at, updated_at,
    ring_deadline_at, ended_at)
  SELECT 'call-' || n, 'user-' || n % 5000, 'user-' || (n * 7) % 5000, 'AUDIO', 'x', 'ENDED', 3, 60, now(), now(), now(), now()
  FROM generate_series(1, 50000) AS n`,
  `INSERT INTO push_targets (user_id, provider, platform, kind, address)
  SELECT 'user-' || n % 5000, 'fcm', 'android', 'token', 'token-' || n FROM generate_series(1, 10000) AS n`,
  `INSERT INTO pushes (notification_id, user_id, target_id, type, call_id, content, expires_at, due_at)
  SELECT gen_random_uuid(), t.user_id, t.id, 'incoming_call', 'call-' || n, '{}', now(), CASE WHEN n = 1 THEN now() END
  FROM push_targets t, generate_series(1, 5) AS n`,
  `INSERT INTO webhooks (stream, type, body, status, created_at)
  SELECT 'call:' || n % 20000, 'call.placed', '{}', CASE WHEN n % 10 = 0 THEN 'waiting' ELSE 'delivered' END, now() - n * interval '10 seconds'
  FROM generate_series(1, 60000) AS n`,
  `INSERT INTO webhook_streams (stream) SELECT DISTINCT stream FROM webhooks WHERE status = 'waiting'`,
  `INSERT INTO online_users (user_id) SELECT 'user-' || n FROM generate_series(1, 20000) AS n`,
  `INSERT INTO message_keys (chat_id, sender_id, key, body_hash, message_id)
  SELECT gen_random_uuid(), 'user-' || n % 5000, 'key', 'hash', gen_random_uuid() FROM generate_series(1, 20000) AS n`,
  `INSERT INTO blocks (owner_id, blocked_id) SELECT 'user-' || n, 'user-' || n % 100 FROM generate_series(1, 20000) AS n`,
  `INSERT INTO server_audit (action, user_id) SELECT 'speak', 'user-' || n % 5000 FROM generate_series(1, 20000) AS n`,
  `INSERT INTO sessions (id, gateway_id, user_id) SELECT 'session-' || n, 'gateway', 'user-' || n FROM generate_series(1, 20000) AS n`,
  `INSERT INTO outbox (call_id, seq, recipients, event) SELECT 'call-' || n % 5000, n, ARRAY['ann'], '{}' FROM generate_series(1, 20000) AS n`,
  `INSERT INTO answers (key, body_hash) SELECT 'key-' || n, 'hash' FROM generate_series(1, 20000) AS n`,
];

const TABLE_SCANNED =
  /Seq Scan on (calls|call_trace|outbox|sessions|lines|push_targets|push_preferences|pushes|bulks|chats|chat_call_notes|chat_members|chat_seats|webhooks|webhook_streams|online_users|answers|message_keys|blocks|server_audit)/;
/** Reads the clock anew for each row, of which there may be millions. */
const CLOCK_IN_FILTER = /Filter:.*clock_timestamp/;

/** Walks past all that is due to many. */
const WALKS_PAST_BULKS = / pushes_due /;

const plansWith = async (client: pg.Client, pattern: RegExp, statements: readonly Asked[]): Promise<string[]> => {
  const found: string[] = [];
  for (const [{ name, text }, values] of statements) {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN ${text.replace('FOR UPDATE SKIP LOCKED', '')}`,
      values as unknown[],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    if (pattern.test(plan)) found.push(`${name}\n${plan}`);
  }
  return found;
};

it('no statement of the hot path scans a table or all of an index by time, while it is empty or when it is large', async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  const client = new pg.Client({ connectionString: database.url, options: DATABASE_SESSION_OPTIONS });
  await client.connect();
  const readTooMuch = async (): Promise<string[]> => [
    ...(await plansWith(client, TABLE_SCANNED, HOT)),
    ...(await plansWith(client, CLOCK_IN_FILTER, BY_TIME)),
    ...(await plansWith(client, WALKS_PAST_BULKS, [...SWEPT.slice(0, -1), [READ_OLDEST_PUSHES, []]])),
  ];
  try {
    expect(await readTooMuch()).toEqual([]);
    await client.query('SET statement_timeout = 0');
    for (const text of FILL) await client.query(text);
    await client.query('ANALYZE');
    expect(await readTooMuch()).toEqual([]);
  } finally {
    await client.end();
  }
});
