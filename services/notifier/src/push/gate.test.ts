import { expect, it } from 'vitest';
import { createGate } from './gate.ts';

/** Tasks that note that they started and end when they are let. */
const startTasks = (places: number) => {
  const gate = createGate(places);
  const started: string[] = [];
  const end = Promise.withResolvers<void>();
  const run = (name: string, isUrgent: boolean): Promise<void> =>
    gate.run(isUrgent, () => {
      started.push(name);
      return end.promise;
    });
  return { started, run, end: end.resolve };
};

it('runs no more at once than it has places, and what is urgent before the rest', async () => {
  const { started, run, end } = startTasks(1);
  const all = [run('bulk 1', false), run('bulk 2', false), run('ring', true)];
  expect(started).toEqual([]);
  await Promise.resolve();
  expect(started).toEqual(['bulk 1']);
  end();
  await Promise.all(all);
  expect(started).toEqual(['bulk 1', 'ring', 'bulk 2']);
});

it('keeps a tenth of its places for what is urgent', async () => {
  const { started, run, end } = startTasks(10);
  const bulk = Array.from({ length: 20 }, () => run('bulk', false));
  const ring = run('ring', true);
  await Promise.resolve();
  expect(started).toEqual([...Array.from({ length: 9 }, () => 'bulk'), 'ring']);
  end();
  await Promise.all([...bulk, ring]);
});

it('a task that fails gives its place back', async () => {
  const gate = createGate(1);
  await expect(gate.run(false, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.run(false, async () => 'yes')).toBe('yes');
});
