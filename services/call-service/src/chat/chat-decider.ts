import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { Database } from '../database/database.ts';
import { runInHalves } from '../database/run-in-halves.ts';
import type { QueueAwayPushes } from '../notifications/away-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { inSequence, type OutboxRow } from '../outbox/outbox.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { chatDraft } from '../webhooks/webhook-draft.ts';
import { type ChatAnswer, type ChatInput, type ChatOutcome, refuse } from './chat-world.ts';
import { decideChats } from './decide-chat.ts';
import { loadAndLockChats } from './load-chats.ts';
import { storeChats } from './store-chats.ts';

export interface ChatDecider {
  /** Resolves after COMMIT with the answer. Never rejects. */
  decide(input: ChatInput): Promise<ChatAnswer>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/** What a commit leaves to be told. */
interface CommittedChats {
  outcome: ChatOutcome;
  /** To be published, in sequence per chat. */
  rows: OutboxRow[];
  pushes: readonly QueuedPush[];
}

export interface ChatDeciderOptions {
  database: Database;
  logger: Logger;
  queueAwayPushes: QueueAwayPushes;
  /** Null: the app's backend is told nothing. */
  webhooks: Pick<Webhooks, 'store' | 'wake'> | null;
  /** Called after each commit. MUST NOT block. */
  onCommitted(committed: CommittedChats): void;
}

const MAX_BATCH = 128;
const BATCHES_IN_FLIGHT = 4;

/** Takes lists of inputs through lock, decision and commit; a batch is one transaction. */
export const createChatDecider = ({ database, logger, queueAwayPushes, webhooks, onCommitted }: ChatDeciderOptions): ChatDecider => {
  const commit = async (inputs: ChatInput[]): Promise<ChatAnswer[]> => {
    const { outcome, unpublished, pushes } = await database.transaction(async (transaction) => {
      const decided: ChatOutcome = decideChats(inputs, await loadAndLockChats(transaction, inputs));
      const stored = storeChats(transaction, decided);
      webhooks?.store(transaction, decided.events.flatMap(chatDraft));
      return { outcome: decided, unpublished: stored, pushes: await queueAwayPushes(transaction, decided.events) };
    });
    if (outcome.events.length > 0) webhooks?.wake();
    if (unpublished.rows.length > 0) onCommitted({ outcome, rows: await inSequence(unpublished), pushes });
    return outcome.answers;
  };

  const run = runInHalves<ChatInput, ChatAnswer>({
    commit,
    refused: () => refuse('service_error', 'Something went wrong on our side'),
    onRefused: (error, inputs) => logger.error({ err: error, inputs }, 'chat inputs could not be decided'),
  });

  const batch = createMicroBatch({ maxItems: MAX_BATCH, maxInFlight: BATCHES_IN_FLIGHT, run });
  return { decide: (input) => batch.add(input), idle: () => batch.idle() };
};
