import type { Database, Statement } from '../database/database.ts';
import { inSteps } from '../database/in-steps.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { tellExpired } from './expired-pushes.ts';
import { lookAgainAfter, type QueuedPush } from './queue-pushes.ts';

/** Each time in vain it waits twice as long: a queue that is only slow is not filled with the same again and again. */
const LOOK_AGAIN_LATER = `${lookAgainAfter('p.call_id')} * power(2, least(p.attempt, 5))`;

/** `$1`: whether only what nobody wants any more is swept. */
const sweepOf = (name: string, which: string): Statement => ({
  name,
  text: `WITH oldest AS MATERIALIZED (
      SELECT id, expires_at <= clock_timestamp() AS expired FROM pushes WHERE ${which} due_at <= statement_timestamp()
      ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED
    ), due AS (
      SELECT * FROM oldest WHERE expired OR NOT $1::boolean
    ), swept AS (
      UPDATE pushes p SET
        status = CASE WHEN due.expired THEN 'expired' ELSE p.status END,
        done_at = CASE WHEN due.expired THEN clock_timestamp() END,
        attempt = p.attempt + 1,
        due_at = CASE WHEN NOT due.expired THEN clock_timestamp() + ${LOOK_AGAIN_LATER} END
      FROM due WHERE p.id = due.id RETURNING p.id, p.type, p.attempt, p.call_id, p.bulk_id, p.user_id, due.expired
    ), traced AS (
      INSERT INTO call_trace (call_id, at, kind, user_id, detail)
      SELECT call_id, clock_timestamp(), 'push_failed', user_id, jsonb_build_object('type', type, 'pushId', id, 'why', 'expired')
      FROM swept WHERE expired AND call_id IS NOT NULL
    )
    SELECT id, attempt, call_id AS "callId", bulk_id AS "bulkId", 0::float8 AS "delayMs", expired FROM swept`,
});

const SWEEP_CALLS = sweepOf('sweep_pushes_of_calls', 'call_id IS NOT NULL AND');
const SWEEP_PEOPLE = sweepOf('sweep_pushes_of_people', 'call_id IS NULL AND bulk_id IS NULL AND');
/** Behind the others: nobody waits for what goes to many, and it comes by the hundred thousand. */
const SWEEP_BULKS = sweepOf('sweep_pushes', '');
export const SWEEPS: readonly Statement[] = [SWEEP_CALLS, SWEEP_PEOPLE, SWEEP_BULKS];

export const FORGET_PUSHES = {
  name: 'forget_pushes',
  text: `DELETE FROM pushes WHERE id IN
    (SELECT id FROM pushes WHERE done_at < statement_timestamp() - interval '30 days' ORDER BY done_at LIMIT 5000) RETURNING id`,
};
/** Counted from when it went out, for which it may have waited any time. It is found by when it was made, which was before. */
export const FORGET_BULKS = {
  name: 'forget_bulks',
  text: `DELETE FROM bulks WHERE id IN
    (SELECT id FROM bulks WHERE created_at < statement_timestamp() - interval '60 days' AND expanded_at < statement_timestamp() - interval '60 days'
      ORDER BY created_at LIMIT 1000) RETURNING id`,
};

type SweptPush = QueuedPush & { expired: boolean };

const MAX_ROUNDS = 20;

export interface PushSweepOptions {
  database: Database;
  enqueue(pushes: readonly QueuedPush[]): void;
  webhooks: Pick<Webhooks, 'store'> | null;
  /** What goes to many is late because there is so much of it: to enqueue it again would only make that more. */
  bulksAreQueued: boolean;
}

/** What has no result by its time is enqueued again, under the next attempt; what nobody wants any more is done with. */
export const sweepPushes = async ({ database, enqueue, webhooks, bulksAreQueued }: PushSweepOptions): Promise<void> => {
  const sweep = (statement: Statement): Promise<SweptPush[]> =>
    database.transaction(async (transaction) => {
      const swept = await transaction.query<SweptPush>(statement, [statement === SWEEP_BULKS && bulksAreQueued]);
      const expired = swept.filter((push) => push.expired).map(({ id }) => id);
      if (webhooks !== null) await tellExpired(transaction, expired, webhooks);
      return swept;
    });
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let count = 0;
    for (const statement of SWEEPS) {
      const swept = await sweep(statement);
      enqueue(swept.filter(({ expired }) => !expired));
      count += swept.length;
    }
    if (count === 0) return;
  }
};

/** The history of a month is kept. */
export const forgetOldPushes = (database: Database, stopping: AbortSignal): Promise<void> =>
  inSteps(database, FORGET_PUSHES, 5000, [], stopping);

export const forgetOldBulks = (database: Database, stopping: AbortSignal): Promise<void> =>
  inSteps(database, FORGET_BULKS, 1000, [], stopping);
