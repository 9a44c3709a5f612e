import type { UserId } from '@trunkline/contract';
import { CALL_COLUMNS } from '../calls/call-columns.ts';
import type { CallRecord } from '../calls/call-record.ts';
import { type OnlineOptions, whoIsOnline } from '../users/online.ts';
import { readCallView } from './call-view.ts';

const READ_LAST_SEEN = { name: 'read_last_seen_of_user', text: 'SELECT last_seen_at AS "lastSeenAt" FROM lines WHERE user_id = $1' };
const READ_SESSIONS = {
  name: 'read_sessions_of_user',
  text: `SELECT id, gateway_id AS "gatewayId", device_id AS "deviceId", hears, opened_at AS "openedAt" FROM sessions
    WHERE user_id = $1 AND closed_at IS NULL ORDER BY opened_at, id`,
};
/** Neither token nor endpoint nor keys: who has those can push there. */
const READ_TARGETS = {
  name: 'read_targets_of_user',
  text: `SELECT id, provider, platform, kind, device_id AS "deviceId", locale, created_at AS "createdAt", updated_at AS "updatedAt"
    FROM push_targets WHERE user_id = $1 ORDER BY updated_at DESC, id`,
};
const READ_LIVE_CALLS = {
  name: 'read_live_calls_of_user',
  text: `SELECT ${CALL_COLUMNS} FROM calls c WHERE c.id = ANY (ARRAY(
      SELECT id FROM calls WHERE caller_id = $1 AND coalesce(ended_at, 'infinity') = 'infinity'
      UNION SELECT id FROM calls WHERE callee_id = $1 AND coalesce(ended_at, 'infinity') = 'infinity'
    )) ORDER BY c.created_at, c.id`,
};

/** All that an operator asks about a user: where they are connected, where pushes go, which calls live. */
export const readUser = async (options: OnlineOptions, userId: UserId) => {
  const { database } = options;
  const [[seen], sessions, targets, liveCalls, [online]] = await Promise.all([
    database.query<{ lastSeenAt: Date | null }>(READ_LAST_SEEN, [userId]),
    database.query(READ_SESSIONS, [userId]),
    database.query(READ_TARGETS, [userId]),
    database.query<CallRecord>(READ_LIVE_CALLS, [userId]),
    whoIsOnline(options, [userId]),
  ]);
  return {
    userId,
    online: online === true,
    lastSeenAt: seen?.lastSeenAt ?? null,
    sessions,
    targets,
    liveCalls: liveCalls.map(readCallView),
  };
};
