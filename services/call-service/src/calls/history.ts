import { type CallState, type CallView, SYSTEM, type UserId, viewOf } from '@trunkline/contract';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { cursorText, encodeCursor, FROM_THE_NEWEST } from '../http/cursor.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { CALL_COLUMNS } from './call-columns.ts';
import type { CallRecord } from './call-record.ts';

/** One side's page, newest first, from behind a call; both sides are merged, since a person is caller here and callee there. */
const PAGE_OF = (side: 'caller_id' | 'callee_id'): string => `(SELECT id, created_at FROM calls WHERE ${side} = $1
  ${side === 'callee_id' ? 'AND NOT hidden_from_callee' : ''} AND (created_at, id) < (to_timestamp($2::float8 / 1000), $3)
  ORDER BY created_at DESC, id DESC LIMIT $4::integer + $5::integer)`;

/** `$1` user, `$2`, `$3` time and id of the call behind which the page begins, `$4` how many, `$5` how many to pass over. */
const READ_HISTORY = {
  name: 'read_history',
  text: `WITH page AS (${PAGE_OF('caller_id')} UNION ALL ${PAGE_OF('callee_id')} ORDER BY created_at DESC, id DESC LIMIT $4::integer OFFSET $5::integer)
    SELECT ${CALL_COLUMNS} FROM page JOIN calls c ON c.id = page.id ORDER BY c.created_at DESC, c.id DESC`,
};

const LONGEST_CALL_ID = 64;

/** Where a page of calls begins. */
export const CallCursorText = cursorText(LONGEST_CALL_ID);

const MAX_LIMIT = 100;
const MAX_PAGE = 1000;

/** The query of a history request: a cursor from the page before, or a page number. */
export const HistoryQuery = z.object({
  limit: wholeNumber(MAX_LIMIT).default(20),
  page: wholeNumber(MAX_PAGE).default(1),
  cursor: CallCursorText.optional(),
});
export type HistoryQuery = z.infer<typeof HistoryQuery>;

/** What a call was to one of its two people. */
export interface HistoryItem extends CallView {
  kind: 'missed' | 'incoming' | 'outgoing';
  peerId: string;
  /** Known of callers only: it comes from their token. */
  peerName: string | null;
  peerAvatar: string | null;
  reason: string | null;
}

export interface HistoryPage {
  items: HistoryItem[];
  /** Null: there is no older call. */
  nextCursor: string | null;
}

const MISSED_BY_CALLEE: ReadonlySet<CallState> = new Set(['MISSED', 'CANCELLED']);

/** A callee that was found busy, gone or late has missed the call; one that declined it, in whatever words, has not. */
const isMissed = ({ state, endedBy }: CallRecord): boolean => MISSED_BY_CALLEE.has(state) || (state === 'REJECTED' && endedBy === SYSTEM);

const historyItem = (call: CallRecord, userId: UserId): HistoryItem => {
  const isCaller = call.callerId === userId;
  return {
    ...viewOf(call),
    kind: isCaller ? 'outgoing' : isMissed(call) ? 'missed' : 'incoming',
    peerId: isCaller ? call.calleeId : call.callerId,
    peerName: isCaller ? null : call.callerName,
    peerAvatar: isCaller ? null : call.callerAvatar,
    reason: call.reason,
  };
};

/** The calls of one person, newest first. */
export const readHistory = async (database: Database, userId: UserId, { limit, page, cursor }: HistoryQuery): Promise<HistoryPage> => {
  const [createdAt, id] = cursor ?? FROM_THE_NEWEST;
  const passedOver = cursor === undefined ? (page - 1) * limit : 0;
  const calls = await database.query<CallRecord>(READ_HISTORY, [userId, createdAt, id, limit + 1, passedOver]);
  const shown = calls.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map((call) => historyItem(call, userId)),
    nextCursor: calls.length > limit && last !== undefined ? encodeCursor([last.createdAt, last.id]) : null,
  };
};
