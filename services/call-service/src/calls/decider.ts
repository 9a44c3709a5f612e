import { type CommandReply, refusal } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import { type CallNoteRow, noteEndedCalls } from '../chat/call-notes.ts';
import type { Database } from '../database/database.ts';
import { runInHalves } from '../database/run-in-halves.ts';
import { inSequence, type OutboxRow } from '../outbox/outbox.ts';
import type { CallRecord } from './call-record.ts';
import { decide } from './decide.ts';
import { loadAndLock } from './load.ts';
import { store } from './store.ts';
import type { CallPolicy, Input, Outcome } from './world.ts';

type Reply = CommandReply | null;

export interface Decider {
  /** Resolves after COMMIT with the answer to a command (null for the system's own inputs). Never rejects. */
  decide(input: Input): Promise<Reply>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export interface DeciderOptions {
  database: Database;
  policy: CallPolicy;
  logger: Logger;
  /** Called after each commit, with what is to be published in sequence per call, and what chats are to be told. MUST NOT block. */
  onCommitted(outcome: Outcome, rows: OutboxRow[], notes: CallNoteRow[]): void;
}

const MAX_BATCH = 128;
const BATCHES_IN_FLIGHT = 4;

const failed: Reply = { ok: false, error: refusal('service_error') };

/** The calls that this batch ended: each has its last event in it. */
const endedIn = ({ events, inserted, updated }: Outcome): CallRecord[] => {
  const ended = new Set(events.filter(({ call }) => call.endedAt !== null).map(({ call }) => call.id));
  return ended.size === 0 ? [] : [...inserted, ...updated].filter(({ id }) => ended.has(id));
};

/** Takes lists of inputs through lock, decision and commit; a batch is one transaction. */
export const createDecider = ({ database, policy, logger, onCommitted }: DeciderOptions): Decider => {
  const commit = async (inputs: Input[]): Promise<Reply[]> => {
    const { outcome, unpublished, notes } = await database.transaction(async (transaction) => {
      const decided = decide(inputs, await loadAndLock(transaction, inputs), policy);
      return { outcome: decided, unpublished: store(transaction, decided, policy), notes: noteEndedCalls(transaction, endedIn(decided)) };
    });
    if (unpublished.rows.length > 0 || outcome.hints.length > 0) onCommitted(outcome, await inSequence(unpublished), await notes);
    return outcome.replies;
  };

  const run = runInHalves({
    commit,
    refused: () => failed,
    onRefused: (error, inputs) => logger.error({ err: error, inputs }, 'inputs could not be decided'),
  });

  const batch = createMicroBatch({ maxItems: MAX_BATCH, maxInFlight: BATCHES_IN_FLIGHT, run });
  return { decide: (input) => batch.add(input), idle: () => batch.idle() };
};
