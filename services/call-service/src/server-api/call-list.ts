import { CALL_COLUMNS } from '../calls/call-columns.ts';
import type { CallRecord } from '../calls/call-record.ts';
import { type Database, isStatementTimeout, type Statement } from '../database/database.ts';
import { type Cursor, encodeCursor, FROM_THE_NEWEST } from '../http/cursor.ts';
import type { CallsQuery } from './call-bodies.ts';
import { where } from './list-query.ts';

const FIRST_SPAN_MS = 60_000;
const WIDER_BY = 4;
/** How far back a list of everybody's calls goes where nothing else is said. */
const USUAL_RANGE_MS = 7 * 86_400_000;
/** A search that takes longer gives what it has, and where to go on. */
const PATIENCE_MS = 1000;
/** No call is older than cursors can say, and none lies in a year that PostgreSQL does not read as it is written. */
const [FIRST_MS, LAST_MS] = [0, Date.UTC(9999, 11, 31)];

type Asked = Partial<Record<'state' | 'live' | 'over' | 'reason' | 'since' | 'until' | 'before', unknown>>;

const NEWEST_FIRST = 'ORDER BY c.created_at DESC, c.id DESC';

const CONDITIONS: Readonly<Record<keyof Asked, string>> = {
  state: 'c.state = ?',
  live: 'c.ended_at IS NULL AND c.due_at IS NOT NULL AND ?::boolean',
  over: 'c.ended_at IS NOT NULL AND ?::boolean',
  reason: 'c.reason = ?',
  since: 'c.created_at >= ?::timestamptz',
  until: 'c.created_at < ?::timestamptz',
  before: '(c.created_at, c.id) < (to_timestamp((?::json->>0)::float8 / 1000), ?::json->>1)',
};

const askedOf = ({ state, reason, until }: CallsQuery, since: string | undefined, before: Cursor): Asked => ({
  ...(state === 'live' || state === 'over' ? { [state]: true } : { state }),
  reason,
  since,
  until,
  before: JSON.stringify(before),
});

/** One side's calls are found by an index of its own; those that a callee never knew of by a third. */
const ofUser = (asked: Asked, userId: string, limit: number): [Statement, unknown[]] => {
  const { text, values, name } = where(CONDITIONS, asked, 3);
  const page = (side: string): string =>
    `(SELECT c.id, c.created_at FROM calls c WHERE ${side} AND ${text} ${NEWEST_FIRST} LIMIT $2::integer)`;
  const sides = ['c.caller_id = $1', 'c.callee_id = $1 AND NOT c.hidden_from_callee', 'c.callee_id = $1 AND c.hidden_from_callee'];
  const statement = {
    name: `list_calls_of_user_${name}`,
    text: `WITH page AS (SELECT * FROM (${sides.map(page).join(' UNION ALL ')}) AS c ${NEWEST_FIRST} LIMIT $2::integer)
      SELECT ${CALL_COLUMNS} FROM page JOIN calls c ON c.id = page.id ${NEWEST_FIRST}`,
  };
  return [statement, [userId, limit, ...values]];
};

const ofEverybody = (asked: Asked, limit: number): [Statement, unknown[]] => {
  const { text, values, name } = where(CONDITIONS, asked, 2);
  const statement = {
    name: `list_calls_${name}`,
    text: `SELECT ${CALL_COLUMNS} FROM calls c WHERE ${text} ${NEWEST_FIRST} LIMIT $1::integer`,
  };
  return [statement, [limit, ...values]];
};

export interface CallPage {
  calls: CallRecord[];
  nextCursor: string | null;
}

const pageOf = (rows: readonly CallRecord[], limit: number, goesOnAt: number | null): CallPage => {
  const calls = rows.slice(0, limit);
  const last = calls.at(-1);
  if (rows.length > limit && last !== undefined) return { calls, nextCursor: encodeCursor([last.createdAt, last.id]) };
  return { calls, nextCursor: goesOnAt === null ? null : encodeCursor([goesOnAt, '']) };
};

/** Null: it took too long. */
const ifInTime = async <Found>(search: Promise<Found>): Promise<Found | null> => {
  try {
    return await search;
  } catch (error) {
    if (isStatementTimeout(error)) return null;
    throw error;
  }
};

/** From when back to when a search goes. */
const rangeOf = ({ since, until, cursor }: CallsQuery): { newest: number; oldest: number } => {
  const newest = Math.min(cursor?.[0] ?? Date.now() + FIRST_SPAN_MS, Date.parse(until ?? '') || LAST_MS, LAST_MS);
  return { newest, oldest: Math.max(FIRST_MS, since === undefined ? newest - USUAL_RANGE_MS : Date.parse(since)) };
};

/**
 * Calls of everybody have no index but blocks of time: the search goes back in spans that grow, so that where there are
 * many calls it ends soon, and where there are few it makes few steps.
 */
const searchBack = async (database: Database, query: CallsQuery): Promise<CallPage> => {
  const givenUp = performance.now() + PATIENCE_MS;
  const { newest, oldest } = rangeOf(query);
  const rows: CallRecord[] = [];
  let before = query.cursor ?? FROM_THE_NEWEST;
  for (let to = newest, spanMs = FIRST_SPAN_MS; to > oldest && rows.length <= query.limit; spanMs *= WIDER_BY) {
    if (performance.now() > givenUp) return pageOf(rows, query.limit, to);
    const from = Math.max(oldest, to - spanMs);
    const asked = askedOf(query, new Date(from).toISOString(), before);
    const search = database.query<CallRecord>(...ofEverybody(asked, query.limit + 1 - rows.length));
    // The first span is the narrowest: whoever went on there would not come further.
    const found = await (to === newest ? search : ifInTime(search));
    if (found === null) return pageOf(rows, query.limit, to);
    rows.push(...found);
    before = [from, ''];
    to = from;
  }
  return pageOf(rows, query.limit, null);
};

/** Calls as the operator asks for them, newest first. */
export const listCalls = async (database: Database, query: CallsQuery): Promise<CallPage> => {
  const { userId, limit, since, cursor = FROM_THE_NEWEST } = query;
  if (userId === undefined) return searchBack(database, query);
  return pageOf(await database.query<CallRecord>(...ofUser(askedOf(query, since, cursor), userId, limit + 1)), limit, null);
};
