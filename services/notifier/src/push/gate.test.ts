import { expect, it } from 'vitest';
import { createGate } from './gate.ts';

it('runs no more at once than it has places, and what is urgent before the rest', async () => {
  const gate = createGate(1);
  const order: string[] = [];
  const finish = Promise.withResolvers<void>();
  const first = gate.run(false, () => finish.promise);
  const later = [
    gate.run(false, async () => order.push('bulk 1')),
    gate.run(false, async () => order.push('bulk 2')),
    gate.run(true, async () => order.push('ring')),
  ];
  expect(order).toEqual([]);
  finish.resolve();
  await Promise.all([first, ...later]);
  expect(order).toEqual(['ring', 'bulk 1', 'bulk 2']);
});

it('a task that fails gives its place back', async () => {
  const gate = createGate(1);
  await expect(gate.run(false, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.run(false, async () => 'yes')).toBe('yes');
});
