import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMicroBatch } from './micro-batch.ts';

const APART_MS = 5;

/** Batches that end when they are told to. */
const open = ({ maxItems = 3, maxInFlight = 2, apartMs = 0 }) => {
  const started: { items: number[]; finish(): void }[] = [];
  const batch = createMicroBatch<number, number>({
    maxItems,
    maxInFlight,
    apartMs,
    run: (items) =>
      new Promise((resolve) => {
        started.push({ items, finish: () => resolve(items.map((item) => item * 10)) });
      }),
  });
  return { batch, started, batches: () => started.map(({ items }) => items) };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('a micro-batch', () => {
  test('takes along what arrived while all batches were under way, and gives each item its own result', async () => {
    const { batch, started, batches } = open({ maxInFlight: 1 });
    const first = batch.add(1);
    await turn();
    const later = [batch.add(2), batch.add(3)];
    await turn();
    expect(batches()).toEqual([[1]]);
    started[0]?.finish();
    await turn();
    expect(batches()).toEqual([[1], [2, 3]]);
    started[1]?.finish();
    expect(await first).toBe(10);
    expect(await Promise.all(later)).toEqual([20, 30]);
    await batch.idle();
  });

  test('that keeps its batches apart lets the first go at once and the next when its time has come', async () => {
    const { batch, batches } = open({ apartMs: APART_MS });
    void batch.add(1);
    await turn();
    void batch.add(2);
    await vi.advanceTimersByTimeAsync(APART_MS - 2);
    expect(batches()).toEqual([[1]]);
    void batch.add(3);
    await vi.advanceTimersByTimeAsync(APART_MS);
    expect(batches()).toEqual([[1], [2, 3]]);
  });

  test('after a quiet time does not wait', async () => {
    const { batch, started, batches } = open({ apartMs: APART_MS });
    void batch.add(1);
    await turn();
    started[0]?.finish();
    await vi.advanceTimersByTimeAsync(APART_MS);
    void batch.add(2);
    await turn();
    expect(batches()).toEqual([[1], [2]]);
  });

  test('that is full does not wait for its time', async () => {
    const { batch, batches } = open({ maxItems: 2, apartMs: 1000 });
    for (const item of [1, 2, 3, 4]) void batch.add(item);
    await turn();
    expect(batches()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('is no heavier than it may be, but for one item alone, and does not wait when it is', async () => {
    const started: number[][] = [];
    const batch = createMicroBatch<number, number>({
      maxItems: 10,
      maxInFlight: 10,
      apartMs: 1000,
      maxWeight: 10,
      weightOf: (item) => item,
      run: async (items) => {
        started.push(items);
        return items;
      },
    });
    const results = Promise.all([4, 6, 25, 3, 8, 1].map((item) => batch.add(item)));
    await turn();
    expect(started).toEqual([[4, 6], [25], [3]]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(started.slice(3)).toEqual([[8, 1]]);
    expect(await results).toEqual([4, 6, 25, 3, 8, 1]);
  });

  test('whose run fails rejects the items of that batch alone', async () => {
    const batch = createMicroBatch<number, number>({
      maxItems: 1,
      maxInFlight: 1,
      run: async ([item = 0]) => {
        if (item === 1) throw new Error('poison');
        return [item];
      },
    });
    const results = Promise.allSettled([batch.add(1), batch.add(2)]);
    await vi.advanceTimersByTimeAsync(10);
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
