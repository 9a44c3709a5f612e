import type { Database } from '../database/database.ts';
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
  metrics.databaseConnections.readAtScrape(() => {
    const { total, idle } = database.connections();
    return [
      { labels: { state: 'in_use' }, value: total - idle },
      { labels: { state: 'idle' }, value: idle },
    ];
  });
  metrics.databaseWaiting.readAtScrape(() => [{ labels: {}, value: database.connections().waiting }]);
};
