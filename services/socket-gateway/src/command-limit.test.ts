import { describe, expect, it } from 'vitest';
import { CommandLimit, type LimitVerdict } from './command-limit.ts';

const takeMany = (limit: CommandLimit, count: number, at: number): LimitVerdict[] => Array.from({ length: count }, () => limit.take(at));
const countOf = (verdicts: LimitVerdict[], ...counted: LimitVerdict[]): number => verdicts.filter((one) => counted.includes(one)).length;

describe('the commands of one connection', () => {
  it('pass in a burst of one second', () => {
    const limit = new CommandLimit(200);
    const verdicts = takeMany(limit, 250, 1_000_000);
    expect(countOf(verdicts, 'within', 'busy')).toBe(200);
    expect(countOf(verdicts, 'over')).toBe(50);
  });

  it('pass again as time goes by, at the rate', () => {
    const limit = new CommandLimit(200);
    takeMany(limit, 200, 1_000_000);
    expect(countOf(takeMany(limit, 50, 1_000_100), 'within', 'busy')).toBe(20);
  });

  it('pass for ever at the rate', () => {
    const limit = new CommandLimit(10);
    const verdicts = Array.from({ length: 1000 }, (_, index) => limit.take(1_000_000 + index * 100));
    expect(countOf(verdicts, 'within', 'busy')).toBe(1000);
  });

  it('are refused, not punished, at nine times the rate', () => {
    const limit = new CommandLimit(10);
    const verdicts = Array.from({ length: 900 }, (_, index) => limit.take(1_000_000 + index * (1000 / 90)));
    expect(countOf(verdicts, 'flooding')).toBe(0);
    expect(countOf(verdicts, 'within', 'busy')).toBeGreaterThanOrEqual(100);
  });

  it('are noticed past a tenth of the limit in a second', () => {
    const limit = new CommandLimit(200);
    const verdicts = takeMany(limit, 30, 1_000_000);
    expect([countOf(verdicts, 'within'), countOf(verdicts, 'busy')]).toEqual([20, 10]);
    expect(limit.take(1_001_000)).toBe('within');
  });

  it('are a flood at more than ten times the rate', () => {
    const limit = new CommandLimit(10);
    expect(takeMany(limit, 101, 1_000_000).at(-1)).toBe('flooding');
  });
});
