import type { LiveState } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

/** Nothing counts further than this: past it, a number is a lower bound. */
const MOST = 10_000;
/** More than a gateway can hold. */
const MOST_SESSIONS = 25_000;
const SAMPLE = 2000;
const MINUTES = 5;
const BUCKET_SECONDS = 10;

const READ_GATEWAYS = {
  name: 'read_live_gateways',
  text: `SELECT g.id AS "gatewayId", s.calls, s.chats FROM gateways g, LATERAL (
      SELECT count(*) FILTER (WHERE hears = 'calls')::int AS calls, count(*) FILTER (WHERE hears = 'chats')::int AS chats
      FROM (SELECT hears FROM sessions WHERE gateway_id = g.id AND closed_at IS NULL LIMIT ${MOST_SESSIONS}) AS open
    ) AS s WHERE g.lease_until > clock_timestamp() ORDER BY g.id LIMIT 1000`,
};

/** Every call that lives has a time at which it is due. */
export const READ_LIVE_CALLS = {
  name: 'read_live_calls',
  text: `SELECT state, count(*)::int AS calls FROM (SELECT state FROM calls WHERE due_at IS NOT NULL LIMIT ${MOST}) AS live GROUP BY state`,
};

export const READ_LIVE_WAITING = {
  name: 'read_live_waiting',
  text: `SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT ${MOST}) AS o)::int AS "outboxEvents",
      (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM outbox)::float8 AS "outboxOldestSeconds",
      (SELECT count(*) FROM (SELECT FROM pushes WHERE due_at IS NOT NULL LIMIT ${MOST}) AS p)::int AS pushes,
      (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM (
        SELECT created_at FROM pushes WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1000) AS w)::float8 AS "pushOldestSeconds",
      (SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM calls WHERE due_at IS NOT NULL)::float8 AS "overdueSeconds"`,
};

/** `ringMs`: from a call that was placed to the first gateway that wrote its ring, as it was recorded. */
export const READ_RECENT_CALLS = {
  name: 'read_live_recent_calls',
  text: `SELECT (floor(extract(epoch FROM c.created_at) / ${BUCKET_SECONDS}) * ${BUCKET_SECONDS})::float8 AS at, count(*)::int AS placed,
      count(c.accepted_at)::int AS answered,
      count(*) FILTER (WHERE c.state IN ('MISSED', 'FAILED') OR (c.state = 'REJECTED' AND c.reason = 'offline' AND c.ended_by = 'system'))::int AS unanswered,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms) AS "ringMsP50", percentile_cont(0.95) WITHIN GROUP (ORDER BY r.ms) AS "ringMsP95"
    FROM (SELECT id, created_at, accepted_at, state, reason, ended_by FROM calls
      WHERE created_at >= statement_timestamp() - interval '${MINUTES} minutes' ORDER BY created_at DESC LIMIT ${SAMPLE}) AS c
    LEFT JOIN LATERAL (SELECT (extract(epoch FROM min(at) - c.created_at) * 1000)::float8 AS ms FROM call_trace
      WHERE call_id = c.id AND kind = 'ring_sent') AS r ON true
    GROUP BY 1 ORDER BY 1`,
};

interface GatewayRow {
  gatewayId: string;
  calls: number;
  chats: number;
}

interface Waiting {
  outboxEvents: number;
  outboxOldestSeconds: number | null;
  pushes: number;
  pushOldestSeconds: number | null;
  /** Negative while the next deadline is still to come. */
  overdueSeconds: number | null;
}

interface Bucket {
  /** Epoch seconds at which it begins. */
  at: number;
  placed: number;
  answered: number;
  unanswered: number;
  ringMsP50: number | null;
  ringMsP95: number | null;
}

/** What goes on now, by the database: the same from every replica. */
export interface LiveView {
  at: string;
  gateways: GatewayRow[];
  calls: Partial<Record<LiveState, number>>;
  waiting: Waiting;
  recent: { minutes: number; bucketSeconds: number; isSample: boolean; buckets: Bucket[] };
}

const read = async (database: Database): Promise<LiveView> => {
  const [gateways, calls, [waiting], buckets] = await Promise.all([
    database.query<GatewayRow>(READ_GATEWAYS, []),
    database.query<{ state: LiveState; calls: number }>(READ_LIVE_CALLS, []),
    database.query<Waiting>(READ_LIVE_WAITING, []),
    database.query<Bucket>(READ_RECENT_CALLS, []),
  ]);
  if (waiting === undefined) throw new Error('what waits was not answered');
  const placed = buckets.reduce((sum, bucket) => sum + bucket.placed, 0);
  return {
    at: new Date().toISOString(),
    gateways,
    calls: Object.fromEntries(calls.map((row) => [row.state, row.calls])),
    waiting: { ...waiting, overdueSeconds: Math.max(0, waiting.overdueSeconds ?? 0) },
    recent: { minutes: MINUTES, bucketSeconds: BUCKET_SECONDS, isSample: placed >= SAMPLE, buckets },
  };
};

const FRESH_MS = 1000;

/** Reads at most once a second, whoever looks on. */
export const createLiveReader = (database: Database): (() => Promise<LiveView>) => {
  let kept: { readonly view: Promise<LiveView>; readonly until: number } | null = null;
  return () => {
    const now = performance.now();
    if (kept !== null && now < kept.until) return kept.view;
    const view = read(database);
    kept = { view, until: now + FRESH_MS };
    view.catch(() => {
      kept = null;
    });
    return view;
  };
};
