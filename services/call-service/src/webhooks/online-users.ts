import type { Database, Transaction } from '../database/database.ts';
import { presenceDraft } from './webhook-draft.ts';
import { storeWebhooks } from './webhook-store.ts';

/** Locks the users' rows, new or not: whoever comes and whoever goes at the same time take turns. */
const COME_ONLINE = {
  name: 'come_online',
  text: `INSERT INTO online_users AS o (user_id) SELECT DISTINCT user_id FROM unnest($1::text[]) AS given (user_id) ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET since = o.since
    RETURNING user_id AS "userId", xmax = 0 AS "isNew", round(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at`,
};
const LOCK_ONLINE = { name: 'lock_online', text: 'SELECT FROM online_users WHERE user_id = ANY ($1::text[]) ORDER BY user_id FOR UPDATE' };
/** Behind the lock, by a look of its own: who came meanwhile has a session by now. */
export const GO_OFFLINE = {
  name: 'go_offline',
  text: `DELETE FROM online_users o WHERE o.user_id = ANY ($1::text[])
      AND NOT coalesce((SELECT true FROM sessions s WHERE s.user_id = o.user_id AND s.closed_at IS NULL LIMIT 1), false)
    RETURNING o.user_id AS "userId", round(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at`,
};
/** However many of them are still there: each step is short. Of no users, `last` is null. */
export const READ_GONE = {
  name: 'read_gone_users',
  text: `WITH looked_at AS MATERIALIZED (SELECT user_id FROM online_users WHERE user_id > $1 ORDER BY user_id LIMIT 500)
    SELECT max(user_id) AS last, coalesce(array_agg(user_id) FILTER (WHERE
      NOT coalesce((SELECT true FROM sessions s WHERE s.user_id = o.user_id AND s.closed_at IS NULL LIMIT 1), false)), '{}') AS gone
    FROM looked_at o`,
};

interface Changed {
  userId: string;
  at: number;
}

const unique = (users: readonly string[]): string[] => [...new Set(users)];

/**
 * Tells the app's backend of those who get their first session: `open` sends what stores it. A session that is known to be
 * over never opens, however late its opening arrives, and then nobody has come.
 */
export const tellOnline = async (transaction: Transaction, users: readonly string[], open: () => void): Promise<void> => {
  const rows = await transaction.query<Changed & { isNew: boolean }>(COME_ONLINE, [unique(users)]);
  open();
  const newcomers = rows.filter(({ isNew }) => isNew);
  if (newcomers.length === 0) return;
  const gone = await transaction.query<Changed>(GO_OFFLINE, [newcomers.map(({ userId }) => userId)]);
  const goneIds = new Set(gone.map(({ userId }) => userId));
  const come = newcomers.filter(({ userId }) => !goneIds.has(userId));
  storeWebhooks(
    transaction,
    come.map(({ userId, at }) => presenceDraft('user.online', userId, at)),
  );
};

const goOffline = async (transaction: Transaction, users: readonly string[]): Promise<Changed[]> => {
  transaction.send(LOCK_ONLINE, [unique(users)]);
  return transaction.query<Changed>(GO_OFFLINE, [unique(users)]);
};

/** Tells it of those who have no session any more, and says how many they are. May be asked again: each is told once. */
export const tellOffline = (database: Database, users: readonly string[]): Promise<number> =>
  database.transaction(async (transaction) => {
    const rows = await goOffline(transaction, users);
    storeWebhooks(
      transaction,
      rows.map(({ userId, at }) => presenceDraft('user.offline', userId, at)),
    );
    return rows.length;
  });

/** The same where there is nobody to tell. */
export const forgetOffline = (database: Database, users: readonly string[]): Promise<number> =>
  database.transaction(async (transaction) => (await goOffline(transaction, users)).length);

/** Tells it of those whose sessions ended while no webhooks were sent. */
export const tellGone = async (database: Database, stopping: AbortSignal): Promise<void> => {
  for (let after = ''; !stopping.aborted; ) {
    const [step] = await database.query<{ last: string | null; gone: string[] }>(READ_GONE, [after]);
    if (step === undefined || step.last === null) return;
    if (step.gone.length > 0) await tellOffline(database, step.gone);
    after = step.last;
  }
};
