import type { Logger } from '@trunkline/service-kit';
import type { Database } from '../database/database.ts';
import { type Arrived, createInputBatches, isGivenUp } from '../database/input-batches.ts';
import type { QueueAwayPushes } from '../notifications/away-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { inSequence, type KnownPublished, type OutboxRow } from '../outbox/outbox.ts';
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
  published: KnownPublished;
  logger: Logger;
  queueAwayPushes: QueueAwayPushes;
  /** Null: the app's backend is told nothing. */
  webhooks: Pick<Webhooks, 'store' | 'wake'> | null;
  /** Called after each commit. MUST NOT block. */
  onCommitted(committed: CommittedChats): void;
}

/** What the inputs are about, for the log. */
const aboutInputs = (inputs: readonly ChatInput[]) => ({
  chatIds: inputs.map((input) => {
    if (input.kind === 'create') return input.mintedId;
    return input.kind === 'command' ? input.envelope.command.chatId : input.chatId;
  }),
  callIds: inputs.flatMap((input) => (input.kind === 'tell_call' ? [input.callId] : [])),
});

/** Whoever sent it was told that it failed, and sends it again: it would stand there twice. What was read was read. */
const isStale = (arrived: Arrived<ChatInput>): boolean => {
  if (arrived.input.kind !== 'command') return false;
  const { command, wantedForMs } = arrived.input.envelope;
  return command.type === 'send_message' && isGivenUp(arrived, wantedForMs);
};

/** Takes lists of inputs through lock, decision and commit; a batch is one transaction. */
export const createChatDecider = (options: ChatDeciderOptions): ChatDecider => {
  const { database, published, logger, queueAwayPushes, webhooks, onCommitted } = options;
  const commit = async (
    arrived: readonly Arrived<ChatInput>[],
    lockTimeoutMs?: number,
  ): Promise<ReadonlyMap<Arrived<ChatInput>, ChatAnswer>> => {
    if (arrived.every(isStale)) return new Map();
    const { fresh, outcome, unpublished, pushes } = await database.transaction(async (transaction) => {
      const loaded = await loadAndLockChats(
        transaction,
        arrived.map(({ input }) => input),
      );
      // Locks may have taken their time.
      const fresh = arrived.filter((each) => !isStale(each));
      const decided = decideChats(
        fresh.map(({ input }) => input),
        loaded,
      );
      const stored = storeChats(transaction, decided, published);
      webhooks?.store(transaction, decided.events.flatMap(chatDraft));
      return { fresh, outcome: decided, unpublished: stored, pushes: await queueAwayPushes(transaction, decided.events, decided.readings) };
    }, lockTimeoutMs);
    if (outcome.events.length > 0) webhooks?.wake();
    if (unpublished.rows.length > 0) onCommitted({ outcome, rows: await inSequence(unpublished), pushes });
    return new Map(fresh.map((each, index) => [each, outcome.answers[index] as ChatAnswer]));
  };

  const inputs = createInputBatches<ChatInput, ChatAnswer>({
    commit,
    refused: () => refuse('service_error', 'Something went wrong on our side'),
    onRefused: (error, refused) => logger.error({ err: error, ...aboutInputs(refused) }, 'chat inputs could not be decided'),
  });
  return { decide: inputs.take, idle: inputs.idle };
};
