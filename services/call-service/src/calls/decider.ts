import { type CommandReply, refusal } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import { type CallNoteRow, noteEndedCalls } from '../chat/call-notes.ts';
import type { Database } from '../database/database.ts';
import { type Arrived, createInputBatches, isGivenUp } from '../database/input-batches.ts';
import type { PushPolicy } from '../notifications/call-pushes.ts';
import { queueCallPushes } from '../notifications/queue-call-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { inSequence, type KnownPublished, type OutboxRow } from '../outbox/outbox.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { callDrafts } from '../webhooks/webhook-draft.ts';
import type { CallRecord } from './call-record.ts';
import { decide } from './decide.ts';
import { KnownLines } from './known-lines.ts';
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

/** The call that an input is about, as it names it. */
const callIdOf = (input: Input): string | null => {
  if ('delivery' in input) return input.delivery.callId;
  return input.kind === 'command' ? (input.envelope.command.callId ?? input.envelope.mintedCallId) : input.callId;
};

/** What the system itself saw. */
export type Observation = Exclude<Input, { kind: 'command' }>;

/** One of the system's own inputs was not stored: it is to be brought again. */
class NotStored extends Error {
  readonly callId: string | null;

  constructor(input: Observation) {
    super(`an observation (${input.kind}) could not be stored`);
    this.callId = callIdOf(input);
  }
}

/** The call that an error is about, for the log. */
export const callOfError = (error: unknown): { callId?: string } =>
  error instanceof NotStored && error.callId !== null ? { callId: error.callId } : {};

/** Takes one of the system's own inputs. @throws NotStored */
export const decideSurely = async (decider: Pick<Decider, 'decide'>, input: Observation): Promise<void> => {
  const reply = await decider.decide(input);
  if (reply?.ok === false) throw new NotStored(input);
};

/** What a commit leaves to be told. */
export interface Committed {
  outcome: Outcome;
  /** To be published, in sequence per call. */
  rows: OutboxRow[];
  pushes: QueuedPush[];
  /** What chats are to be told of calls that ended. */
  notes: CallNoteRow[];
}

export interface DeciderOptions {
  database: Database;
  policy: CallPolicy;
  pushPolicy: PushPolicy;
  published: KnownPublished;
  logger: Logger;
  /** Null: the app's backend is told nothing. */
  webhooks: Pick<Webhooks, 'store' | 'wake'> | null;
  /** Called after each commit. MUST NOT block. */
  onCommitted(committed: Committed): void;
}

const failed: Reply = { ok: false, error: refusal('service_error') };

/** Whoever asked has been told that it failed: a phone that rings or answers now would surprise everybody. What ends a call still ends it. */
const isStale = (arrived: Arrived<Input>): boolean => {
  if (arrived.input.kind !== 'command') return false;
  const { command, wantedForMs } = arrived.input.envelope;
  return (command.type === 'place_call' || command.type === 'accept_call') && isGivenUp(arrived, wantedForMs);
};

/** The calls that this batch ended: each has its last event in it. */
const endedIn = ({ events, inserted, updated }: Outcome): CallRecord[] => {
  const ended = new Set(events.filter(({ call }) => call.endedAt !== null).map(({ call }) => call.id));
  return ended.size === 0 ? [] : [...inserted, ...updated].filter(({ id }) => ended.has(id));
};

/** Takes lists of inputs through lock, decision and commit; a batch is one transaction. */
export const createDecider = ({ database, policy, pushPolicy, published, logger, webhooks, onCommitted }: DeciderOptions): Decider => {
  const lines = new KnownLines();
  const commit = async (arrived: readonly Arrived<Input>[], lockTimeoutMs?: number): Promise<ReadonlyMap<Arrived<Input>, Reply>> => {
    if (arrived.every(isStale)) return new Map();
    const { fresh, outcome, unpublished, pushes, notes } = await database.transaction(async (transaction) => {
      const loaded = await loadAndLock(
        transaction,
        arrived.map(({ input }) => input),
        lines,
      );
      // Locks may have taken their time.
      const fresh = arrived.filter((each) => !isStale(each));
      const decided = decide(
        fresh.map(({ input }) => input),
        loaded,
        policy,
      );
      const unpublished = store(transaction, decided, policy, published);
      const pushes = queueCallPushes(transaction, decided, pushPolicy);
      webhooks?.store(transaction, callDrafts(decided));
      return { fresh, outcome: decided, unpublished, pushes, notes: noteEndedCalls(transaction, endedIn(decided)) };
    }, lockTimeoutMs);
    if (outcome.events.length > 0) webhooks?.wake();
    if (unpublished.rows.length > 0 || outcome.hints.length > 0 || outcome.lateRings.length > 0)
      onCommitted({ outcome, rows: await inSequence(unpublished), pushes: await pushes, notes: await notes });
    return new Map(fresh.map((each, index) => [each, outcome.replies[index] as Reply]));
  };

  const inputs = createInputBatches<Input, Reply>({
    commit,
    refused: () => failed,
    onRefused: (error, refused) => logger.error({ err: error, callIds: refused.map(callIdOf) }, 'inputs could not be decided'),
  });
  return { decide: inputs.take, idle: inputs.idle };
};
