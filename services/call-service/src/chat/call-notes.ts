import type { ChatId } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallRecord } from '../calls/call-record.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { ChatDecider } from './chat-decider.ts';

/**
 * `$1`, `$2`, `$3`: calls that end in this transaction, their callers and callees. Those whose two people share an active chat are noted for the newest one;
 * for all others this is two looks into an index.
 */
export const NOTE_CALLS = {
  name: 'note_ended_calls',
  text: `INSERT INTO chat_call_notes (call_id, chat_id)
    SELECT e.id, chat.id FROM unnest($1::text[], $2::text[], $3::text[]) AS e (id, "callerId", "calleeId")
    CROSS JOIN LATERAL (
      SELECT id FROM (
        SELECT c.id, c.updated_at FROM chats c WHERE c.user_id = e."callerId" AND c.shopper_id = e."calleeId" AND c.status = 'active'
        UNION ALL SELECT c.id, c.updated_at FROM chats c WHERE c.user_id = e."calleeId" AND c.shopper_id = e."callerId" AND c.status = 'active'
      ) AS shared
      WHERE (SELECT count(*) FROM chat_members m
        WHERE m.chat_id = shared.id AND m.user_id IN (e."callerId", e."calleeId") AND m.left_at IS NULL) = 2
      ORDER BY updated_at DESC, id LIMIT 1
    ) AS chat ORDER BY e.id ON CONFLICT DO NOTHING RETURNING call_id AS "callId", chat_id AS "chatId"`,
};
export const READ_LEFT_BEHIND = {
  name: 'read_call_notes_left_behind',
  text: `SELECT call_id AS "callId", chat_id AS "chatId" FROM chat_call_notes WHERE created_at < statement_timestamp() - interval '2 seconds'
    ORDER BY created_at LIMIT 500`,
};

/** A call that ended and that a chat is still to be told of. */
export interface CallNoteRow {
  callId: string;
  chatId: ChatId;
}

/** Stores with the end of calls that chats are to be told of them. A call that its callee never knew of is not told. */
export const noteEndedCalls = (transaction: Transaction, ended: readonly CallRecord[]): Promise<CallNoteRow[]> => {
  const told = ended.filter(({ hiddenFromCallee }) => !hiddenFromCallee);
  if (told.length === 0) return Promise.resolve([]);
  return transaction.query<CallNoteRow>(NOTE_CALLS, [
    told.map(({ id }) => id),
    told.map(({ callerId }) => callerId),
    told.map(({ calleeId }) => calleeId),
  ]);
};

/** Tells the chats, and tells again what a process left behind. */
export interface CallTeller {
  tell(notes: readonly CallNoteRow[]): void;
  sweep(): Promise<void>;
}

export const createCallTeller = (database: Database, decider: Pick<ChatDecider, 'decide'>, logger: Logger): CallTeller => {
  const tellAll = async (notes: readonly CallNoteRow[]): Promise<void> => {
    await Promise.all(notes.map(({ callId, chatId }) => decider.decide({ kind: 'tell_call', chatId, callId })));
  };
  return {
    tell: (notes) =>
      void tellAll(notes).catch((error: unknown) =>
        logger.warn({ err: error, callIds: notes.map(({ callId }) => callId) }, 'chats were not told of calls; the sweep will'),
      ),
    sweep: async () => tellAll(await database.query<CallNoteRow>(READ_LEFT_BEHIND, [])),
  };
};
