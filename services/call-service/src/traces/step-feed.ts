import { CallId, UserId } from '@trunkline/contract';
import { z } from 'zod';
import type { Database } from '../database/database.ts';

const MAX_STEPS = 500;
/** How far back a feed goes that is about no one call. */
const REACHES_BACK = 10_000;

const COLUMNS = `t.id::float8 AS id, t.call_id AS "callId", c.caller_id AS "callerId", c.callee_id AS "calleeId", t.at, t.kind, t.user_id AS "userId",
  t.device_id AS "deviceId", t.session_id AS "sessionId", t.detail`;

/** `$1`: the call, as either side knows it; `$2`: behind which step; `$3`: how many. */
export const READ_STEPS_OF_CALL = {
  name: 'read_steps_of_call',
  text: `SELECT ${COLUMNS} FROM (SELECT id, caller_id, callee_id FROM calls WHERE id = $1
      UNION ALL SELECT id, caller_id, callee_id FROM calls WHERE callee_alias = $1 LIMIT 1) AS c
    JOIN call_trace t ON t.call_id = c.id AND t.id > $2::bigint ORDER BY t.id LIMIT $3::integer`,
};
/** `$1`: behind which step; `$2`: how many; `$3`: of whose calls, null: of everybody's. */
export const READ_STEPS = {
  name: 'read_steps',
  text: `SELECT ${COLUMNS} FROM (SELECT * FROM call_trace WHERE id > greatest($1::bigint, (SELECT max(id) FROM call_trace) - ${REACHES_BACK})
      ORDER BY id LIMIT ${REACHES_BACK}) AS t JOIN calls c ON c.id = t.call_id
    WHERE $3::text IS NULL OR c.caller_id = $3 OR c.callee_id = $3 ORDER BY t.id LIMIT $2::integer`,
};
const READ_NEWEST = { name: 'read_newest_step', text: 'SELECT coalesce(max(id), 0)::float8 AS id FROM call_trace' };

/** Which steps: of one call, of one person's calls, or of all; `after` a step, else from now on. */
export const FeedQuery = z
  .object({
    after: z
      .string()
      .regex(/^\d{1,15}$/, 'must be the number of a step')
      .transform(Number)
      .optional(),
    callId: CallId.optional(),
    userId: UserId.optional(),
  })
  .refine(({ callId, userId }) => callId === undefined || userId === undefined, { path: ['userId'], error: 'cannot go with callId' });

/** One step of one call, as its trace has it. */
export const FeedStep = z.object({
  id: z.int().describe('Rises with time; a step may turn up a little after one with a higher number'),
  callId: z.string(),
  callerId: z.string(),
  calleeId: z.string(),
  at: z.iso.datetime(),
  kind: z.string(),
  userId: z.string().nullable(),
  deviceId: z.string().nullable(),
  sessionId: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()).nullable(),
});
type FeedStep = z.infer<typeof FeedStep>;

export interface Feed {
  steps: FeedStep[];
  /** What to ask for as `after` next. */
  next: number;
}

type StepRow = Omit<FeedStep, 'at'> & { at: Date };

/** What happens to calls, for who looks on: the next steps, at most 500. */
export const readFeed = async (database: Database, { after, callId, userId }: z.output<typeof FeedQuery>): Promise<Feed> => {
  if (after === undefined) {
    const [newest] = await database.query<{ id: number }>(READ_NEWEST, []);
    return { steps: [], next: newest?.id ?? 0 };
  }
  const rows =
    callId === undefined
      ? await database.query<StepRow>(READ_STEPS, [after, MAX_STEPS, userId ?? null])
      : await database.query<StepRow>(READ_STEPS_OF_CALL, [callId, after, MAX_STEPS]);
  const steps = rows.map(({ at, ...step }) => ({ ...step, at: at.toISOString() }));
  return { steps, next: Math.max(after, steps.at(-1)?.id ?? 0) };
};
