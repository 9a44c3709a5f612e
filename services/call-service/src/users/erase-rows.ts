import type { Database, Statement } from '../database/database.ts';

/** Who is to be forgotten, and who takes that place. */
export interface Forgotten {
  database: Database;
  userId: string;
  pseudonym: string;
}

type ForgetRows = (forgotten: Forgotten) => Promise<number>;

const valuesFor = ({ text }: Statement, { userId, pseudonym }: Forgotten): string[] =>
  text.includes('$2') ? [userId, pseudonym] : [userId];

/** For tables that have few rows of one person. `change`: with `$1`, the person, and `$2`, the pseudonym. */
export const atOnce = (name: string, change: string): ForgetRows => {
  const statement = { name, text: `WITH done AS (${change} RETURNING 1) SELECT count(*)::integer AS count FROM done` };
  return async (forgotten) => {
    const [row] = await forgotten.database.query<{ count: number }>(statement, valuesFor(statement, forgotten));
    return row?.count ?? 0;
  };
};

const ROWS_TOGETHER = 2000;

/** One step: `change` does away with what `find` finds, so that the next step finds others. */
const stepOf = (name: string, find: string, change: string): Statement => ({
  name,
  text: `WITH found AS MATERIALIZED (${find} LIMIT ${ROWS_TOGETHER}), done AS (${change} RETURNING 1)
    SELECT (SELECT count(*) FROM found)::integer AS found, (SELECT count(*) FROM done)::integer AS count`,
});

/** For tables that may have any number: one statement over all of them could take longer than a statement may, each time anew. */
export const inParts =
  (step: Statement): ForgetRows =>
  async (forgotten) => {
    for (let count = 0; ; ) {
      const [row] = await forgotten.database.query<{ found: number; count: number }>(step, valuesFor(step, forgotten));
      count += row?.count ?? 0;
      // What was found and is not done, somebody else did meanwhile: it does not say that there is no more.
      if (row === undefined || row.found < ROWS_TOGETHER) return count;
    }
  };

export const FORGET_OWN_KEYS = stepOf(
  'forget_keys_of_user',
  'SELECT k.chat_id, k.key FROM chat_members m JOIN message_keys k ON k.chat_id = m.chat_id AND k.sender_id = $1 WHERE m.user_id = $1',
  'DELETE FROM message_keys k USING found WHERE k.chat_id = found.chat_id AND k.sender_id = $1 AND k.key = found.key',
);
/** Locked in the order in which notifiers claim them. */
export const FORGET_OWN_PUSHES = stepOf(
  'forget_pushes_of_user',
  'SELECT id FROM pushes WHERE user_id = $1',
  `DELETE FROM pushes p USING (SELECT own.id FROM found JOIN pushes own ON own.id = found.id ORDER BY own.id FOR UPDATE OF own) AS locked
    WHERE p.id = locked.id`,
);
export const FORGET_BLOCKS = stepOf(
  'forget_blocks',
  'SELECT owner_id, blocked_id FROM blocks WHERE owner_id = $1 OR blocked_id = $1',
  'DELETE FROM blocks b USING found WHERE b.owner_id = found.owner_id AND b.blocked_id = found.blocked_id',
);
export const FORGET_AUDIT = stepOf(
  'forget_audit',
  'SELECT id FROM server_audit WHERE user_id = $1',
  'UPDATE server_audit a SET user_id = $2 FROM found WHERE a.id = found.id',
);
