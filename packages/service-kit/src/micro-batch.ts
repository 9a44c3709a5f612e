export interface MicroBatchOptions<Item, Result> {
  /** The most items that go together. */
  maxItems: number;
  /** The most weight that goes together, by `weightOf`; one item alone goes whatever it weighs. Without a bound where it is not given. */
  maxWeight?: number;
  /** Asked once of each item, when it is added. */
  weightOf?(item: Item): number;
  /** How many batches may be under way at once. */
  maxInFlight: number;
  /**
   * The least time from the start of one batch to that of the next, unless the next is full. What comes after a quiet time
   * still goes at once; under load a hop has its fixed cost no more often than this. 0 where it is not given.
   */
  apartMs?: number;
  /** MUST answer with one result per item, in order. When it throws, every item of the batch is rejected with that. */
  run(items: Item[]): Promise<Result[]>;
}

export interface MicroBatch<Item, Result> {
  /** Resolves with the item's own result. */
  add(item: Item): Promise<Result>;
  /** How many items wait or are under way. */
  readonly size: number;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

interface Waiting<Item, Result> {
  item: Item;
  weight: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Takes along everything that arrived while earlier batches were under way. At rest an item goes alone and at once;
 * under load the fixed cost of a hop is shared.
 */
export const createMicroBatch = <Item, Result>({
  maxItems,
  maxWeight = Number.POSITIVE_INFINITY,
  weightOf = () => 0,
  maxInFlight,
  apartMs = 0,
  run,
}: MicroBatchOptions<Item, Result>): MicroBatch<Item, Result> => {
  const waiting: Waiting<Item, Result>[] = [];
  let waitingWeight = 0;
  let inFlight = 0;
  let underWay = 0;
  let scheduled = false;
  let startedAt = Number.NEGATIVE_INFINITY;
  let idleListeners: (() => void)[] = [];

  const settle = async (batch: Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`a batch of ${batch.length} got ${results.length} results`);
      for (const [index, entry] of batch.entries()) entry.resolve(results[index] as Result);
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      inFlight -= 1;
      underWay -= batch.length;
      proceed();
    }
  };

  const announceIdle = (): void => {
    const listeners = idleListeners;
    idleListeners = [];
    for (const listener of listeners) listener();
  };

  const isFull = (): boolean => waiting.length >= maxItems || waitingWeight >= maxWeight;

  const msToWait = (): number => (isFull() ? 0 : startedAt + apartMs - performance.now());

  /** Takes out what goes next. */
  const takeNext = (): Waiting<Item, Result>[] => {
    let weight = 0;
    const tooMany = waiting.findIndex((entry, index) => {
      weight += entry.weight;
      return index === maxItems || (index > 0 && weight > maxWeight);
    });
    const batch = waiting.splice(0, tooMany === -1 ? waiting.length : tooMany);
    for (const entry of batch) waitingWeight -= entry.weight;
    return batch;
  };

  const start = (): void => {
    scheduled = false;
    while (waiting.length > 0 && inFlight < maxInFlight && msToWait() <= 0) {
      const batch = takeNext();
      startedAt = performance.now();
      inFlight += 1;
      underWay += batch.length;
      void settle(batch);
    }
    proceed();
  };

  /** Sees to it that what waits goes as soon as it may. */
  const proceed = (): void => {
    if (underWay + waiting.length === 0) return announceIdle();
    if (scheduled || waiting.length === 0 || inFlight >= maxInFlight) return;
    scheduled = true;
    const wait = msToWait();
    // One turn of the event loop gathers what arrived in the same read.
    if (wait <= 0) setImmediate(start);
    else setTimeout(start, Math.ceil(wait));
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        const weight = weightOf(item);
        waiting.push({ item, weight, resolve, reject });
        waitingWeight += weight;
        proceed();
      }),
    get size() {
      return waiting.length + underWay;
    },
    idle: () => (waiting.length + underWay === 0 ? Promise.resolve() : new Promise((resolve) => idleListeners.push(resolve))),
  };
};
