import type { PushContent } from '@trunkline/contract';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { wholeNumber } from '../http/whole-number.ts';

/** `$1` user, `$2` the notification behind which the page begins, `$3` how many. A notification is one row here, whatever it went to. */
export const READ_PUSH_HISTORY = {
  name: 'read_push_history',
  text: `WITH page AS (
      SELECT DISTINCT notification_id FROM pushes WHERE user_id = $1 AND notification_id < $2::uuid ORDER BY notification_id DESC LIMIT $3
    )
    SELECT page.notification_id AS id, one.content, one.created_at AS "createdAt", one.targets, one.status FROM page, LATERAL (
      SELECT (array_agg(p.content))[1] AS content, min(p.created_at) AS created_at, count(DISTINCT p.target_id)::integer AS targets,
        CASE WHEN bool_or(p.status = 'accepted') THEN 'accepted' WHEN bool_or(p.status = 'queued') THEN 'queued'
          WHEN bool_or(p.status = 'failed') THEN 'failed' WHEN bool_or(p.status = 'expired') THEN 'expired' ELSE 'dropped' END AS status
      FROM pushes p WHERE p.user_id = $1 AND p.notification_id = page.notification_id
    ) AS one ORDER BY page.notification_id DESC`,
};

const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const MAX_LIMIT = 100;

export const PushHistoryQuery = z.object({
  limit: wholeNumber(MAX_LIMIT).default(20),
  cursor: z.uuid('is not one that was given').default(LAST_UUID),
});

interface HistoryRow {
  id: string;
  content: PushContent;
  createdAt: Date;
  targets: number;
  status: 'accepted' | 'queued' | 'failed' | 'expired' | 'dropped';
}

/** The pushes of a user, newest first, each once whatever number of targets it went to. */
export const readPushHistory = async (database: Database, userId: string, { limit, cursor }: z.infer<typeof PushHistoryQuery>) => {
  const rows = await database.query<HistoryRow>(READ_PUSH_HISTORY, [userId, cursor, limit + 1]);
  const shown = rows.slice(0, limit);
  return {
    items: shown.map(({ id, content: { type, ...data }, createdAt, targets, status }) => ({ id, type, data, status, targets, createdAt })),
    nextCursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
  };
};
