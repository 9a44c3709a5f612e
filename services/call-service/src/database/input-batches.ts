import { createMicroBatch } from '@trunkline/service-kit';
import { isAboutTheData, isLockTimeout, isWorthRepeating } from './database.ts';

/** What is to be decided, and when it came, by this process's monotonic clock. */
export interface Arrived<Input> {
  readonly input: Input;
  readonly at: number;
}

export interface InputBatchesOptions<Input, Reply> {
  /** One transaction for all of them, with the replies to those that it decided; the others are refused. `lockTimeoutMs`: less than the usual, where it is given. */
  commit(arrived: readonly Arrived<Input>[], lockTimeoutMs?: number): Promise<ReadonlyMap<Arrived<Input>, Reply>>;
  /** The reply to an input that was not decided. */
  refused(): Reply;
  onRefused(error: unknown, inputs: readonly Input[]): void;
}

export interface InputBatches<Input, Reply> {
  /** Resolves with the input's own reply as soon as that is committed, whatever becomes of its batch. Never rejects. */
  take(input: Input): Promise<Reply>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

interface Waiting<Input, Reply> extends Arrived<Input> {
  reply(reply: Reply): void;
  /** How often it waited for a lock in vain, without neighbours. */
  timeouts: number;
}

/** More than that are refused as they come. */
const MAX_WAITING = 20_000;
/** Made once: where it is needed, there is no time for a stack each. */
const TOO_MANY = new Error(`${MAX_WAITING} wait already`);
/** Past it, an edge that says nothing of its patience has told the client that it failed. */
const MAX_WAIT_MS = 3000;

/** Whether whoever asked has been told by now that it failed. `wantedForMs`: for how long the edge waits, where it said so. */
export const isGivenUp = ({ at }: Arrived<unknown>, wantedForMs = MAX_WAIT_MS): boolean =>
  performance.now() - at >= Math.min(MAX_WAIT_MS, wantedForMs);

const MAX_BATCH = 512;
const BATCHES_IN_FLIGHT = 2;
/** An input that waits for the next batch is told so late at most; at rest nothing waits. */
const BATCHES_APART_MS = 4;

/** Into how many parts a batch is taken, and each part again: one input of 512 is alone after three times. */
const PARTS = 8;
const PARTS_IN_FLIGHT = 4;
/** Some input of its batch has waited long: the others are not to wait with it in every part. */
const PART_LOCK_TIMEOUT_MS = 100;

const ALONE_IN_FLIGHT = 2;
const MAX_TIMEOUTS = 3;
const REPETITIONS = 3;

const partsOf = <Entry>(entries: readonly Entry[]): Entry[][] => {
  const size = Math.ceil(entries.length / PARTS);
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, part) => entries.slice(part * size, (part + 1) * size));
};

/**
 * Takes inputs through `commit` in batches. One that the database refuses, or that waits for a lock in vain, is tried in ever smaller parts: only
 * the poisonous input fails, and only the one whose lock somebody holds waits on, alone, out of the way of batches to come.
 */
export const createInputBatches = <Input, Reply>({
  commit,
  refused,
  onRefused,
}: InputBatchesOptions<Input, Reply>): InputBatches<Input, Reply> => {
  type Entry = Waiting<Input, Reply>;
  let waiting = 0;

  const commitRepeatedly = async (entries: readonly Entry[], lockTimeoutMs?: number): Promise<ReadonlyMap<Arrived<Input>, Reply>> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await commit(entries, lockTimeoutMs);
      } catch (error) {
        if (attempt >= REPETITIONS || !isWorthRepeating(error)) throw error;
      }
    }
  };

  const refuse = (entries: readonly Entry[], error: unknown): void => {
    onRefused(
      error,
      entries.map(({ input }) => input),
    );
    for (const { reply } of entries) reply(refused());
  };

  const waitAlone = (entry: Entry, error: unknown): void => {
    entry.timeouts += 1;
    if (entry.timeouts < MAX_TIMEOUTS) void alone.add(entry);
    else refuse([entry], error);
  };

  const goOn = (entries: readonly Entry[], error: unknown): void => {
    if (entries.length > 1 && isAboutTheData(error)) for (const part of partsOf(entries)) void parts.add(part);
    else if (isLockTimeout(error)) waitAlone(entries[0] as Entry, error);
    else refuse(entries, error);
  };

  const decide = async (entries: readonly Entry[], lockTimeoutMs?: number): Promise<void> => {
    try {
      const replies = await commitRepeatedly(entries, lockTimeoutMs);
      for (const entry of entries) entry.reply(replies.has(entry) ? (replies.get(entry) as Reply) : refused());
    } catch (error) {
      goOn(entries, error);
    }
  };

  const batches = createMicroBatch<Entry, void>({
    maxItems: MAX_BATCH,
    maxInFlight: BATCHES_IN_FLIGHT,
    apartMs: BATCHES_APART_MS,
    run: async (entries) => {
      await decide(entries);
      return entries.map(() => undefined);
    },
  });
  const parts = createMicroBatch<readonly Entry[], void>({
    maxItems: 1,
    maxInFlight: PARTS_IN_FLIGHT,
    run: async ([entries = []]) => [await decide(entries, PART_LOCK_TIMEOUT_MS)],
  });
  const alone = createMicroBatch<Entry, void>({
    maxItems: 1,
    maxInFlight: ALONE_IN_FLIGHT,
    run: async (entries) => [await decide(entries)],
  });

  return {
    take: (input) => {
      if (waiting >= MAX_WAITING) {
        onRefused(TOO_MANY, [input]);
        return Promise.resolve(refused());
      }
      waiting += 1;
      return new Promise((resolve) => {
        const reply = (given: Reply): void => {
          waiting -= 1;
          resolve(given);
        };
        void batches.add({ input, at: performance.now(), reply, timeouts: 0 });
      });
    },
    idle: async () => {
      // What one leaves to the next is there before it is idle.
      await batches.idle();
      await parts.idle();
      await alone.idle();
    },
  };
};
