import type { DeviceId, FcmTokenKind, PushPlatform, PushProvider, UserId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';
import type { ReachWatch } from './reach-watch.ts';

/** The oldest go: a user has no more devices than this, and each costs a push with every ring. */
const MAX_TARGETS = 50;

/** An address belongs to one user. With another user it becomes another target, so that nothing meant for the former one goes there. */
const REGISTER = {
  name: 'register_push_target',
  text: `WITH former AS (SELECT user_id FROM push_targets WHERE address = $6),
    registered AS (
      INSERT INTO push_targets AS t (user_id, provider, platform, kind, device_id, address, p256dh, auth, locale)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      ON CONFLICT (address) DO UPDATE SET
        id = CASE WHEN t.user_id = excluded.user_id THEN t.id ELSE gen_random_uuid() END,
        user_id = excluded.user_id, provider = excluded.provider, platform = excluded.platform, kind = excluded.kind,
        device_id = excluded.device_id, p256dh = excluded.p256dh, auth = excluded.auth, locale = excluded.locale,
        revision = t.revision + 1, updated_at = clock_timestamp()
      RETURNING id
    )
    SELECT id, (SELECT user_id FROM former) AS "formerUserId" FROM registered`,
};
const DROP_SURPLUS = {
  name: 'drop_surplus_push_targets',
  text: `DELETE FROM push_targets WHERE id IN
    (SELECT id FROM push_targets WHERE user_id = $1 ORDER BY updated_at DESC, id OFFSET ${MAX_TARGETS})`,
};
const REMOVE = {
  name: 'remove_push_target',
  text: 'DELETE FROM push_targets WHERE address = $1 AND user_id = $2 AND provider = $3',
};

export interface NewTarget {
  userId: UserId;
  provider: PushProvider;
  platform: PushPlatform;
  kind: FcmTokenKind;
  deviceId: DeviceId | null;
  /** The token or the endpoint. */
  address: string;
  p256dh: string | null;
  auth: string | null;
  locale: string | null;
}

/** Where each user's pushes go. */
export interface PushTargets {
  /** Registers a target, or registers it again; one that was another user's moves. */
  register(target: NewTarget): Promise<{ id: string }>;
  /** Removes a target of this user; of nobody else, and without a word about it. */
  remove(userId: UserId, provider: PushProvider, address: string): Promise<void>;
}

export interface PushTargetsOptions {
  database: Database;
  reach: ReachWatch;
}

export const createPushTargets = ({ database, reach }: PushTargetsOptions): PushTargets => ({
  register: async ({ userId, provider, platform, kind, deviceId, address, p256dh, auth, locale }) => {
    const values = [userId, provider, platform, kind, deviceId, address, p256dh, auth, locale];
    const [registered] = await database.query<{ id: string; formerUserId: string | null }>(REGISTER, values);
    if (registered === undefined) throw new Error('a push target was not answered');
    await database.query(DROP_SURPLUS, [userId]);
    const { id, formerUserId } = registered;
    await reach.registered(userId, id);
    if (formerUserId !== null && formerUserId !== userId) await reach.changed([formerUserId]);
    return { id };
  },
  remove: async (userId, provider, address) => {
    await database.query(REMOVE, [address, userId, provider]);
    await reach.changed([userId]);
  },
});
