import { createRestClient, mintToken } from '@trunkline/testing';
import type { Inflicted } from '../faults/fault.ts';
import type { Absence, Crowd } from '../people/crowd.ts';
import type { Story } from '../people/story.ts';
import type { World } from '../system/world.ts';

/** A call as the database has it. Times are epoch milliseconds. */
export interface CallRow {
  id: string;
  callerId: string;
  calleeId: string;
  state: string;
  ringDeadlineAt: number;
  acceptedAt: number | null;
  endedAt: number | null;
}

export interface HistoryEntry {
  userId: string;
  id: string;
  status: string;
}

/** All that is known when the run is over, from the people and from the books. */
export interface Evidence {
  stories: readonly Story[];
  rows: ReadonlyMap<string, CallRow>;
  /** By call, the kinds of its trace rows; with the device's id, what was sent to devices. */
  traces: ReadonlyMap<string, readonly string[]>;
  /** Of the people who were asked for, everything that their history lists. */
  histories: ReadonlyMap<string, readonly HistoryEntry[]>;
  strays: Crowd['strays'];
  absences: readonly Absence[];
  answers: Crowd['answers'];
  revocations: Crowd['revocations'];
  faults: readonly Inflicted[];
}

const HISTORIES_READ = 60;

const readCalls = (world: World): Promise<CallRow[]> =>
  world.query<CallRow>(`SELECT id, caller_id AS "callerId", callee_id AS "calleeId", state,
    (extract(epoch FROM ring_deadline_at) * 1000)::float8 AS "ringDeadlineAt",
    (extract(epoch FROM accepted_at) * 1000)::float8 AS "acceptedAt", (extract(epoch FROM ended_at) * 1000)::float8 AS "endedAt" FROM calls`);

const readTraces = async (world: World): Promise<Map<string, string[]>> => {
  const rows = await world.query<{ id: string; kinds: string[] }>(
    `SELECT call_id AS id, array_agg(CASE WHEN kind LIKE 'call\\_%' THEN kind ELSE concat_ws(' ', kind, device_id) END ORDER BY id) AS kinds
      FROM call_trace WHERE kind LIKE 'call\\_%' OR kind IN ('ring_sent', 'stop_sent') GROUP BY call_id`,
  );
  return new Map(rows.map(({ id, kinds }) => [id, kinds]));
};

const readHistory = async (world: World, userId: string): Promise<HistoryEntry[]> => {
  const rest = createRestClient(world.callServices[0]?.url ?? '', await mintToken(userId));
  const entries: HistoryEntry[] = [];
  for (let query = 'limit=100'; ; ) {
    const { body } = await rest.get(`/api/v1/calls/history?${query}`);
    for (const { id, status } of body.data.items) entries.push({ userId, id, status });
    const { nextCursor } = body.data;
    if (nextCursor === null || nextCursor === undefined) return entries;
    query = `limit=100&cursor=${encodeURIComponent(nextCursor)}`;
  }
};

export const gatherEvidence = async (world: World, crowd: Crowd, faults: readonly Inflicted[]): Promise<Evidence> => {
  const userIds = [...new Set(crowd.devices.map(({ userId }) => userId))].slice(0, HISTORIES_READ);
  const histories = new Map<string, HistoryEntry[]>();
  for (const userId of userIds) histories.set(userId, await readHistory(world, userId));
  return {
    stories: [...crowd.stories.values()],
    rows: new Map((await readCalls(world)).map((row) => [row.id, row])),
    traces: await readTraces(world),
    histories,
    strays: crowd.strays,
    absences: crowd.absences,
    answers: crowd.answers,
    revocations: crowd.revocations,
    faults,
  };
};
