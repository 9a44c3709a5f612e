import type { UserId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

const BLOCK = { name: 'block_user', text: 'INSERT INTO blocks (owner_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING' };
const UNBLOCK = { name: 'unblock_user', text: 'DELETE FROM blocks WHERE owner_id = $1 AND blocked_id = $2' };
const READ_BLOCKED = {
  name: 'read_blocked',
  text: 'SELECT blocked_id FROM blocks WHERE owner_id = $1 ORDER BY created_at, blocked_id',
};
const READ_WHO_BLOCKED = {
  name: 'read_who_blocked',
  text: `SELECT b.owner_id FROM unnest($2::text[]) AS asked (owner_id) JOIN blocks b ON b.owner_id = asked.owner_id AND b.blocked_id = $1`,
};

/** Whom a user does not want to hear of. */
export interface BlockList {
  block(ownerId: UserId, blockedId: UserId): Promise<void>;
  unblock(ownerId: UserId, blockedId: UserId): Promise<void>;
  read(ownerId: UserId): Promise<string[]>;
  /** Of `ownerIds`, those who have blocked this user. */
  whoBlocked(userId: UserId, ownerIds: readonly UserId[]): Promise<ReadonlySet<string>>;
}

export const createBlockList = (database: Database): BlockList => ({
  block: async (ownerId, blockedId) => void (await database.query(BLOCK, [ownerId, blockedId])),
  unblock: async (ownerId, blockedId) => void (await database.query(UNBLOCK, [ownerId, blockedId])),
  read: async (ownerId) => (await database.query<{ blocked_id: string }>(READ_BLOCKED, [ownerId])).map(({ blocked_id }) => blocked_id),
  whoBlocked: async (userId, ownerIds) => {
    const rows = await database.query<{ owner_id: string }>(READ_WHO_BLOCKED, [userId, ownerIds]);
    return new Set(rows.map(({ owner_id }) => owner_id));
  },
});
