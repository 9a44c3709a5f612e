import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Countdown } from '../src/countdown.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is over after its time, also where a timer does not go that far', () => {
  const onOver = vi.fn();
  const milliseconds = 2 ** 31 * 2.5;
  const countdown = new Countdown(milliseconds, onOver);
  vi.advanceTimersByTime(milliseconds - 1);
  expect([onOver.mock.calls.length, countdown.msLeft]).toEqual([0, 1]);
  vi.advanceTimersByTime(1);
  expect([onOver.mock.calls.length, countdown.msLeft]).toEqual([1, 0]);
});

it('does not care how the clock on the wall is set', () => {
  const onOver = vi.fn();
  const countdown = new Countdown(1000, onOver);
  vi.setSystemTime(Date.now() + 86_400_000);
  vi.advanceTimersByTime(999);
  expect(onOver).not.toHaveBeenCalled();
  vi.setSystemTime(Date.now() - 2 * 86_400_000);
  vi.advanceTimersByTime(1);
  expect(onOver).toHaveBeenCalledTimes(1);
  countdown.stop();
});

it('is never over once it is stopped', () => {
  const onOver = vi.fn();
  new Countdown(1000, onOver).stop();
  vi.advanceTimersByTime(5000);
  expect(onOver).not.toHaveBeenCalled();
});
