import type { PushContent } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

const COLUMNS = `p.id, p.notification_id AS "notificationId", p.user_id AS "userId", p.type, p.call_id AS "callId", p.status, p.attempt AS attempts,
  p.error, p.provider_id AS "providerId", p.content, p.created_at AS "createdAt", p.done_at AS "doneAt", p.expires_at AS "expiresAt",
  t.provider, t.platform, t.device_id AS "deviceId"`;

const listOf = (rows: string): string =>
  `SELECT ${COLUMNS} FROM (${rows}) AS p LEFT JOIN push_targets t ON t.id = p.target_id ORDER BY p.created_at DESC, p.id LIMIT $1`;

/** `$1` how many. */
export const READ_NEWEST_PUSHES = {
  name: 'read_newest_pushes',
  text: listOf(`(SELECT * FROM pushes WHERE due_at IS NOT NULL ORDER BY due_at DESC LIMIT $1)
    UNION ALL (SELECT * FROM pushes WHERE done_at IS NOT NULL ORDER BY done_at DESC LIMIT $1)`),
};

/** `$1` how many, `$2` user. */
export const READ_PUSHES_OF_USER = {
  name: 'read_pushes_of_user',
  text: listOf('SELECT * FROM pushes WHERE user_id = $2 ORDER BY notification_id DESC LIMIT $1'),
};

/** `$1` how many, `$2` call. */
export const READ_PUSHES_OF_CALL = {
  name: 'read_pushes_of_call',
  text: listOf('SELECT * FROM pushes WHERE call_id = $2 LIMIT $1'),
};

/** One sending to one target, without its token. */
interface PushRow {
  id: string;
  notificationId: string;
  userId: string;
  type: string;
  callId: string | null;
  status: string;
  attempts: number;
  error: string | null;
  providerId: string | null;
  content: PushContent;
  createdAt: Date;
  doneAt: Date | null;
  expiresAt: Date;
  /** Null: the target is gone. */
  provider: string | null;
  platform: string | null;
  deviceId: string | null;
}

export interface PushQuery {
  limit: number;
  userId?: string | undefined;
  callId?: string | undefined;
}

/** Pushes, newest first: of a call, of a user, or of everybody. */
export const listPushes = (database: Database, { limit, userId, callId }: PushQuery): Promise<PushRow[]> => {
  if (callId !== undefined) return database.query<PushRow>(READ_PUSHES_OF_CALL, [limit, callId]);
  if (userId !== undefined) return database.query<PushRow>(READ_PUSHES_OF_USER, [limit, userId]);
  return database.query<PushRow>(READ_NEWEST_PUSHES, [limit]);
};
