import { SYSTEM } from '@trunkline/contract';
import type { Database } from '../database/database.ts';
import { type CallTrace, type StoredTraceRow, type TracedCall, traceOf } from './call-trace.ts';
import { type RingRate, ringRates, type WayEvidence } from './ring-ways.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const TRACED_COLUMNS = `c.id, c.caller_id AS "callerId", c.callee_id AS "calleeId", c.state, c.reason, c.ended_by AS "endedBy",
  (extract(epoch FROM c.created_at) * 1000)::float8 AS "createdAt", (extract(epoch FROM c.accepted_at) * 1000)::float8 AS "acceptedAt",
  (extract(epoch FROM c.ended_at) * 1000)::float8 AS "endedAt"`;

export const READ_TRACED_CALL = {
  name: 'read_traced_call',
  text: `SELECT ${TRACED_COLUMNS} FROM calls c WHERE c.id = $1 UNION ALL SELECT ${TRACED_COLUMNS} FROM calls c WHERE c.callee_alias = $1 LIMIT 1`,
};
export const READ_TRACE = {
  name: 'read_trace',
  text: `SELECT (extract(epoch FROM at) * 1000)::float8 AS at, kind, user_id AS "userId", device_id AS "deviceId", session_id AS "sessionId", detail
    FROM call_trace WHERE call_id = $1 ORDER BY id LIMIT 1000`,
};

/** The most calls that statistics look at: the newest of the time asked for. */
const SAMPLE = 2000;

/** `$1`: minutes, by a clock that stands still for the statement, so that the index can be asked. Only the rows that verdicts go by. */
export const READ_EVIDENCE = {
  name: 'read_evidence',
  text: `SELECT c.state, c.reason, c.ended_by AS "endedBy", c.accepted_at IS NOT NULL AS "wasAccepted", coalesce(t.evidence, '[]') AS evidence
    FROM (SELECT * FROM calls WHERE created_at >= statement_timestamp() - make_interval(mins => $1::integer)
      ORDER BY created_at DESC LIMIT ${SAMPLE}) AS c
    LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('kind', kind, 'detail', detail, 'deviceId', device_id,
        'at', extract(epoch FROM at) * 1000) ORDER BY id) AS evidence FROM call_trace
      WHERE call_id = c.id AND (kind IN ('ring_sent', 'ring_acknowledged', 'nobody_heard', 'callee_absent', 'blocked', 'call_accepted') OR kind LIKE 'push%')) AS t
    ON true`,
};

interface EvidenceRow extends Pick<TracedCall, 'state' | 'reason' | 'endedBy'> {
  wasAccepted: boolean;
  evidence: WayEvidence[];
}

/** How the calls of some time went. */
export interface CallStatistics {
  minutes: number;
  calls: number;
  /** There were more calls: these are the newest. */
  isSample: boolean;
  /** Only those that occurred. */
  verdicts: Partial<Record<Verdict, { calls: number; share: number }>>;
  /** By platform and push provider; only those that rang. */
  ways: RingRate[];
}

export interface TraceReader {
  /** Null: there is no such call. */
  read(callId: string): Promise<CallTrace | null>;
  statistics(minutes: number): Promise<CallStatistics>;
}

const verdictOfRow = ({ endedBy, ...facts }: EvidenceRow): Verdict => verdictOf({ ...facts, endedBySystem: endedBy === SYSTEM });

export const createTraceReader = (database: Database): TraceReader => ({
  read: async (callId) => {
    const [call] = await database.query<TracedCall>(READ_TRACED_CALL, [callId]);
    return call === undefined ? null : traceOf(call, await database.query<StoredTraceRow>(READ_TRACE, [call.id]));
  },
  statistics: async (minutes) => {
    const rows = await database.query<EvidenceRow>(READ_EVIDENCE, [minutes]);
    const byVerdict = Object.groupBy(rows.map(verdictOfRow), (verdict) => verdict);
    const shares = Object.entries(byVerdict).map(([verdict, { length }]) => [verdict, { calls: length, share: length / rows.length }]);
    const ways = ringRates(rows.map(({ evidence }) => evidence));
    return { minutes, calls: rows.length, isSample: rows.length === SAMPLE, verdicts: Object.fromEntries(shares), ways };
  },
});
