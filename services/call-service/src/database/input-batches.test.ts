import { describe, expect, it } from 'vitest';
import { createInputBatches } from './input-batches.ts';

const sqlError = (code: string): Error => Object.assign(new Error(`refused with ${code}`), { code });

/** Batches of numbers, each answered with ten times itself; `fails` says of a commit with what it fails. */
const open = (fails: (inputs: readonly number[], lockTimeoutMs?: number) => Error | null) => {
  const commits: number[][] = [];
  const refusedWith: unknown[] = [];
  const batches = createInputBatches<number, number>({
    commit: async (arrived, lockTimeoutMs) => {
      const inputs = arrived.map(({ input }) => input);
      commits.push(inputs);
      const error = fails(inputs, lockTimeoutMs);
      if (error !== null) throw error;
      return new Map(arrived.map((each) => [each, each.input * 10]));
    },
    refused: () => -1,
    onRefused: (error) => refusedWith.push(error),
  });
  return { batches, commits, refusedWith };
};

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a batch', () => {
  it('that the database refuses is tried in parts, so that only the poisonous input fails', async () => {
    const poison = sqlError('22003');
    const { batches, commits, refusedWith } = open((inputs) => (inputs.includes(70) ? poison : null));
    const replies = await Promise.all(upTo(100).map(batches.take));
    expect(replies).toEqual(upTo(100).map((n) => (n === 70 ? -1 : n * 10)));
    expect(refusedWith).toEqual([poison]);
    expect(commits.filter((inputs) => inputs.includes(70)).map(({ length }) => length)).toEqual([100, 13, 2, 1]);
  });

  it('that waits for a lock in vain is not tried as a whole again, and only the input whose lock is held waits on', async () => {
    let isHeld = true;
    const { batches, commits } = open((inputs) => (isHeld && inputs.includes(3) ? sqlError('55P03') : null));
    const held = batches.take(3);
    expect(await Promise.all(upTo(3).map(batches.take))).toEqual([0, 10, 20]);
    isHeld = false;
    expect(await held).toBe(30);
    expect(commits.filter((inputs) => inputs.includes(3)).map(({ length }) => length)).toEqual([4, 1, 1]);
  });

  it('that waits for a lock waits less in its parts, and as long as ever for an input alone', async () => {
    const waited: (number | undefined)[] = [];
    const { batches } = open((inputs, lockTimeoutMs) => {
      if (inputs.includes(1)) waited.push(lockTimeoutMs);
      return inputs.includes(1) ? sqlError('55P03') : null;
    });
    expect(await Promise.all(upTo(2).map(batches.take))).toEqual([0, -1]);
    expect(waited).toEqual([undefined, 100, undefined, undefined]);
  });

  it('that a deadlock ended is tried again as it was', async () => {
    let deadlocks = 1;
    const { batches, commits } = open(() => (deadlocks-- > 0 ? sqlError('40P01') : null));
    expect(await Promise.all(upTo(2).map(batches.take))).toEqual([0, 10]);
    expect(commits).toEqual([upTo(2), upTo(2)]);
  });

  it.each(['25006', '42501', '42P01', '58030', '57014', '53300', '08006'])(
    'that no database takes (%s) is refused as a whole',
    async (code) => {
      const { batches, commits } = open(() => sqlError(code));
      expect(await Promise.all(upTo(9).map(batches.take))).toEqual(upTo(9).map(() => -1));
      expect(commits).toHaveLength(1);
    },
  );

  it('is idle when its parts are decided too, and what waits alone', async () => {
    const failures = [sqlError('22003'), null, sqlError('55P03')];
    const { batches } = open(() => failures.shift() ?? null);
    const replies: number[] = [];
    for (const n of upTo(2)) void batches.take(n).then((reply) => replies.push(reply));
    await batches.idle();
    expect(replies).toEqual([0, 10]);
  });

  it('that finds no database is refused at once', async () => {
    const { batches, commits } = open(() => new Error('connect ECONNREFUSED'));
    expect(await Promise.all(upTo(2).map(batches.take))).toEqual([-1, -1]);
    expect(commits).toHaveLength(1);
  });
});

it('inputs past twenty thousand that wait are refused as they come, not without saying so, and taken again once there is room', async () => {
  const said: unknown[] = [];
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const batches = createInputBatches<number, number>({
    commit: async (arrived) => {
      await released;
      return new Map(arrived.map((each) => [each, each.input]));
    },
    refused: () => -1,
    onRefused: (error, inputs) => said.push([String(error), inputs]),
  });
  const taken = upTo(20_000).map(batches.take);
  expect(await batches.take(1)).toBe(-1);
  expect(said).toEqual([['Error: 20000 wait already', [1]]]);
  release();
  expect(await Promise.all(taken)).toEqual(upTo(20_000));
  expect(await batches.take(1)).toBe(1);
});

it('an input that was not decided with its batch is refused', async () => {
  const batches = createInputBatches<number, number>({
    commit: async (arrived) => new Map(arrived.filter(({ input }) => input !== 1).map((each) => [each, each.input])),
    refused: () => -1,
    onRefused: () => undefined,
  });
  expect(await Promise.all(upTo(3).map(batches.take))).toEqual([0, -1, 2]);
});
