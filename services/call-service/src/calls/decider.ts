import { type CommandReply, refusal } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import { type Database, isAboutTheData, isWorthRepeating } from '../database/database.ts';
import { decide } from './decide.ts';
import { loadAndLock } from './load.ts';
import { type OutboxRow, store } from './store.ts';
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
  /** Called after each commit, with what is to be published in sequence per call. MUST NOT block. */
  onCommitted(outcome: Outcome, rows: OutboxRow[]): void;
}

const MAX_BATCH = 512;
const BATCHES_IN_FLIGHT = 2;
/** A command that waits for the next batch is told so late at most; at rest nothing waits. */
const BATCHES_APART_MS = 4;
const REPETITIONS = 3;

const failed: Reply = { ok: false, error: refusal('service_error') };

/** Takes lists of inputs through lock, decision and commit; a batch is one transaction. */
export const createDecider = ({ database, policy, logger, onCommitted }: DeciderOptions): Decider => {
  const commit = async (inputs: Input[]): Promise<Reply[]> => {
    const { outcome, unpublished } = await database.transaction(async (transaction) => {
      const decided = decide(inputs, await loadAndLock(transaction, inputs), policy);
      return { outcome: decided, unpublished: store(transaction, decided, policy) };
    });
    if (unpublished.rows.length > 0 || outcome.hints.length > 0)
      onCommitted(outcome, [...(await unpublished.earlier), ...unpublished.rows]);
    return outcome.replies;
  };

  const commitRepeatedly = async (inputs: Input[]): Promise<Reply[]> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await commit(inputs);
      } catch (error) {
        if (attempt >= REPETITIONS || !isWorthRepeating(error)) throw error;
      }
    }
  };

  /** A batch that the database refuses is tried in halves, so that only the poisonous input fails. */
  const run = async (inputs: Input[]): Promise<Reply[]> => {
    try {
      return await commitRepeatedly(inputs);
    } catch (error) {
      if (inputs.length > 1 && isAboutTheData(error)) {
        const middle = inputs.length >> 1;
        return [...(await run(inputs.slice(0, middle))), ...(await run(inputs.slice(middle)))];
      }
      logger.error({ err: error, inputs: inputs.length }, 'inputs could not be decided');
      return inputs.map(() => failed);
    }
  };

  const batch = createMicroBatch({ maxItems: MAX_BATCH, maxInFlight: BATCHES_IN_FLIGHT, apartMs: BATCHES_APART_MS, run });
  return { decide: (input) => batch.add(input), idle: () => batch.idle() };
};
