import type { Database } from '../database/database.ts';
import { lookAgainAfter } from '../notifications/queue-pushes.ts';
import type { CallServiceMetrics } from './call-service-metrics.ts';

/** Read at every scrape, so each part is one look into an index. */
export const READ_BACKLOG = {
  name: 'read_backlog',
  text: `SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT 10000) AS counted)::int AS "outboxEvents",
      (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM outbox)::float8 AS "outboxOldestSeconds",
      (SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM calls WHERE due_at IS NOT NULL)::float8 AS "deadlineOverdueSeconds",
      (SELECT count(*) FROM gateways WHERE lease_until > clock_timestamp())::int AS "gatewayLeases",
      (SELECT CASE WHEN counted < 10000 THEN counted ELSE greatest(counted, (SELECT reltuples FROM pg_class WHERE oid = 'push_targets'::regclass)) END
        FROM (SELECT count(*) AS counted FROM (SELECT FROM push_targets LIMIT 10000) AS looked_at) AS targets)::float8 AS "pushTargets"`,
};

/** A ring that is made for later is not late before that: its first `due_at` says when it is, or at the latest half of the ring's time. */
const MEANT_AT = `CASE WHEN send_unless IS NULL THEN created_at ELSE least(due_at - ${lookAgainAfter('call_id')}, created_at + (expires_at - created_at) / 2) END`;

const nextPushes = (which: string): string =>
  `(SELECT type, call_id, failures, send_unless, created_at, due_at, expires_at FROM pushes WHERE due_at IS NOT NULL AND ${which} ORDER BY due_at LIMIT 1000)`;

/** What has no result comes round in the order of `due_at` every few minutes, so a million cost as much as a thousand, and show as well how long they wait. */
export const READ_OLDEST_PUSHES = {
  name: 'read_oldest_pushes',
  text: `SELECT CASE WHEN type IN ('incoming_call', 'call_cancelled') THEN 'ring' ELSE 'message' END AS kind,
      CASE failures WHEN 0 THEN 'waiting' ELSE 'retried' END AS state,
      extract(epoch FROM clock_timestamp() - min(${MEANT_AT}))::float8 AS seconds
    FROM (${nextPushes('call_id IS NOT NULL')} UNION ALL ${nextPushes('call_id IS NULL AND bulk_id IS NULL')}) AS looked_at
    GROUP BY kind, state`,
};

const PUSHES: readonly { kind: string; state: string }[] = ['ring', 'message'].flatMap((kind) =>
  ['waiting', 'retried'].map((state) => ({ kind, state })),
);

interface Backlog {
  outboxEvents: number;
  outboxOldestSeconds: number | null;
  /** Negative while the next deadline is still to come. */
  deadlineOverdueSeconds: number | null;
  gatewayLeases: number;
  pushTargets: number;
}

/** Reads once for all that ask while the answer is on its way. */
const createBacklogReader = (database: Database): (() => Promise<Backlog>) => {
  let underWay: Promise<Backlog> | null = null;
  const read = async (): Promise<Backlog> => {
    const [backlog] = await database.query<Backlog>(READ_BACKLOG, []);
    if (backlog === undefined) throw new Error('the backlog was not answered');
    return backlog;
  };
  return () => {
    underWay ??= read().finally(() => {
      underWay = null;
    });
    return underWay;
  };
};

/** Connects the gauges of what waits in the database, and of the connections to it. */
export const watchDatabase = (metrics: CallServiceMetrics, database: Database): void => {
  const readBacklog = createBacklogReader(database);
  for (const name of ['outboxEvents', 'outboxOldestSeconds', 'deadlineOverdueSeconds', 'gatewayLeases', 'pushTargets'] as const) {
    metrics[name].readAtScrape(async () => [{ labels: {}, value: Math.max(0, (await readBacklog())[name] ?? 0) }]);
  }
  metrics.pushesOldestSeconds.readAtScrape(async () => {
    const oldest = await database.query<{ kind: string; state: string; seconds: number }>(READ_OLDEST_PUSHES, []);
    return PUSHES.map((labels) => {
      const found = oldest.find(({ kind, state }) => kind === labels.kind && state === labels.state);
      return { labels, value: Math.max(0, found?.seconds ?? 0) };
    });
  });
  metrics.databaseConnections.readAtScrape(() => {
    const { total, idle } = database.connections();
    return [
      { labels: { state: 'in_use' }, value: total - idle },
      { labels: { state: 'idle' }, value: idle },
    ];
  });
  metrics.databaseWaiting.readAtScrape(() => [{ labels: {}, value: database.connections().waiting }]);
};
