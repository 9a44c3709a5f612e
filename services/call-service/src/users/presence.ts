import type { UserId } from '@trunkline/contract';
import type { BlockList } from './blocks.ts';
import { type OnlineOptions, whoIsOnline } from './online.ts';

const READ_LAST_SEEN = {
  name: 'read_last_seen',
  text: `SELECT user_id, round(extract(epoch FROM last_seen_at) * 1000)::float8 AS at FROM lines
    WHERE user_id = ANY ($1::text[]) AND last_seen_at IS NOT NULL`,
};

export interface Presence {
  userId: UserId;
  online: boolean;
  /** ISO 8601; when the user's last session closed. Null for a user who was never seen to leave. */
  lastSeenAt: string | null;
}

export interface PresenceReader {
  /** How `viewer` sees these users: who has blocked the viewer looks like somebody who never was there. */
  read(viewer: UserId, userIds: readonly UserId[]): Promise<Presence[]>;
}

export interface PresenceReaderOptions extends OnlineOptions {
  blocks: BlockList;
}

export const createPresenceReader = ({ blocks, ...options }: PresenceReaderOptions): PresenceReader => ({
  read: async (viewer, userIds) => {
    const [online, seen, hidden] = await Promise.all([
      whoIsOnline(options, userIds),
      options.database.query<{ user_id: string; at: number }>(READ_LAST_SEEN, [userIds]),
      blocks.whoBlocked(viewer, userIds),
    ]);
    const lastSeen = new Map(seen.map(({ user_id, at }) => [user_id, new Date(at).toISOString()]));
    return userIds.map((userId, index) =>
      hidden.has(userId)
        ? { userId, online: false, lastSeenAt: null }
        : { userId, online: online[index] === true, lastSeenAt: lastSeen.get(userId) ?? null },
    );
  },
});
