import type { UserId } from '@trunkline/contract';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { cursorText, encodeCursor, FROM_THE_OLDEST } from '../http/cursor.ts';
import { wholeNumber } from '../http/whole-number.ts';

const BLOCK = { name: 'block_user', text: 'INSERT INTO blocks (owner_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING' };
const UNBLOCK = { name: 'unblock_user', text: 'DELETE FROM blocks WHERE owner_id = $1 AND blocked_id = $2' };
/** `$2`, `$3`: behind whom the page begins, since when in microseconds; `$4` how many. */
const READ_BLOCKED = {
  name: 'read_blocked',
  text: `SELECT blocked_id AS "userId", round(date_part('epoch', created_at) * 1000000) AS since FROM blocks
    WHERE owner_id = $1 AND (created_at, blocked_id) > ('epoch'::timestamptz + make_interval(secs => $2::float8 / 1000000), $3)
    ORDER BY created_at, blocked_id LIMIT $4`,
};
const READ_WHO_BLOCKED = {
  name: 'read_who_blocked',
  text: `SELECT b.owner_id FROM unnest($2::text[]) AS asked (owner_id) JOIN blocks b ON b.owner_id = asked.owner_id AND b.blocked_id = $1`,
};

const MOST = 1000;
const LONGEST_USER_ID = 128;

/** Which part of a list of blocks is asked for; as much as there may be in one where nothing is said. */
export const BlocksQuery = z.object({
  limit: wholeNumber(MOST).default(MOST),
  cursor: cursorText(LONGEST_USER_ID).optional(),
});
export type BlocksQuery = z.output<typeof BlocksQuery>;

export interface BlocksPage {
  items: string[];
  /** Null: there are no more. */
  nextCursor: string | null;
}

/** Whom a user does not want to hear of. */
export interface BlockList {
  block(ownerId: UserId, blockedId: UserId): Promise<void>;
  unblock(ownerId: UserId, blockedId: UserId): Promise<void>;
  /** In the order of blocking. */
  read(ownerId: UserId, query: BlocksQuery): Promise<BlocksPage>;
  /** Of `ownerIds`, those who have blocked this user. */
  whoBlocked(userId: UserId, ownerIds: readonly UserId[]): Promise<ReadonlySet<string>>;
}

export const createBlockList = (database: Database): BlockList => ({
  block: async (ownerId, blockedId) => void (await database.query(BLOCK, [ownerId, blockedId])),
  unblock: async (ownerId, blockedId) => void (await database.query(UNBLOCK, [ownerId, blockedId])),
  read: async (ownerId, { limit, cursor = FROM_THE_OLDEST }) => {
    const rows = await database.query<{ userId: string; since: number }>(READ_BLOCKED, [ownerId, ...cursor, limit + 1]);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      items: shown.map(({ userId }) => userId),
      nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.since, last.userId]) : null,
    };
  },
  whoBlocked: async (userId, ownerIds) => {
    const rows = await database.query<{ owner_id: string }>(READ_WHO_BLOCKED, [userId, ownerIds]);
    return new Set(rows.map(({ owner_id }) => owner_id));
  },
});
