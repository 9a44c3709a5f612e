import { type CallId, type Refusal, refusal, type UserId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';
import { CALL_COLUMNS } from './call-columns.ts';
import { type CallRecord, participantsOf } from './call-record.ts';

const READ_CALL = { name: 'read_call', text: `SELECT ${CALL_COLUMNS} FROM calls c WHERE c.id = $1 OR c.callee_alias = $1` };

const READ_RINGING = {
  name: 'read_ringing',
  text: `SELECT ${CALL_COLUMNS} FROM calls c WHERE c.callee_id = $1 AND coalesce(c.ended_at, 'infinity') = 'infinity'
    AND c.state IN ('INITIATING', 'RINGING') AND NOT c.hidden_from_callee AND c.ring_deadline_at > clock_timestamp() ORDER BY c.created_at`,
};

/** A call by its id, or by its callee's own id for it, whoever asks. */
export const readCall = async (database: Database, callId: CallId): Promise<CallRecord | null> =>
  (await database.query<CallRecord>(READ_CALL, [callId]))[0] ?? null;

/** The id under which all that belongs to a call is stored; as it was given where there is no such call. */
export const ownIdOf = async (database: Database, callId: CallId): Promise<CallId> => (await readCall(database, callId))?.id ?? callId;

/** Reads calls for their participants. */
export interface CallReader {
  /** A call that this user takes part in, or why there is none to see. */
  read(callId: CallId, userId: UserId): Promise<CallRecord | Refusal>;
  /** The calls that ring for this user now. */
  ringing(userId: UserId): Promise<CallRecord[]>;
}

export const createCallReader = (database: Database): CallReader => ({
  read: async (callId, userId) => {
    const call = await readCall(database, callId);
    if (call === null) return refusal('call_not_found', { callId });
    const isParticipant = participantsOf(call).includes(userId);
    return isParticipant ? call : refusal('unauthorized', { callId, message: 'User is not a participant of this call' });
  },
  ringing: (userId) => database.query<CallRecord>(READ_RINGING, [userId]),
});
