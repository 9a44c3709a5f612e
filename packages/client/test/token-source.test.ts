import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type GetToken, TokenSource } from '../src/token-source.ts';

const onRenewed = vi.fn();
const onFailed = vi.fn();

/** A token of a user that lives for some seconds from now. */
const tokenFor = (seconds: number, name = 'ben'): string => {
  const now = Math.floor(Date.now() / 1000);
  return `e30.${Buffer.from(JSON.stringify({ sub: name, iat: now, exp: now + seconds })).toString('base64url')}.c2ln`;
};
const sourceOf = (getToken: GetToken | null, token: string | null = null) =>
  new TokenSource({ token, getToken, renewBeforeMs: 60_000, onRenewed, onFailed });

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(1_800_000_000_000);
  vi.clearAllMocks();
});
afterEach(() => void vi.useRealTimers());

it('asks once for however many that want it, and keeps what it got', async () => {
  const getToken = vi.fn(() => tokenFor(3600));
  const tokens = sourceOf(getToken);
  expect(tokens.userId).toBeNull();
  const [one, two] = await Promise.all([tokens.current(), tokens.current()]);
  expect([one === two, await tokens.current()]).toEqual([true, one]);
  expect([getToken.mock.calls, tokens.userId]).toEqual([[['first']], 'ben']);
  tokens.close();
});

it('asks for the next a minute before the end, or a fifth of a short life', async () => {
  let asked = 0;
  const getToken = vi.fn<GetToken>(() => {
    asked += 1;
    return tokenFor(asked === 1 ? 3600 : 100, `ben ${asked}`);
  });
  const tokens = sourceOf(getToken);
  await tokens.current();
  await vi.advanceTimersByTimeAsync(3_539_999);
  expect(getToken).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(getToken).toHaveBeenLastCalledWith('expiring');
  expect(onRenewed).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(80_000);
  expect(getToken).toHaveBeenCalledTimes(3);
  tokens.close();
  await vi.advanceTimersByTimeAsync(500_000);
  expect(getToken).toHaveBeenCalledTimes(3);
});

it('says that the app could not renew one, and asks again when it is needed', async () => {
  const getToken = vi.fn<GetToken>((why) => (why === 'expiring' ? Promise.reject(new Error('away')) : tokenFor(100, why)));
  const tokens = sourceOf(getToken);
  const first = (await tokens.current()) as string;
  await vi.advanceTimersByTimeAsync(90_000);
  expect(onFailed.mock.calls).toEqual([[new Error('away')]]);
  tokens.markStale(first, 'expired');
  expect(await tokens.current()).not.toBe(first);
  expect(getToken.mock.calls.map(([why]) => why)).toEqual(['first', 'expiring', 'expired']);
  tokens.close();
});

it('does not give out again what was refused, and does not mind what was said of an older one', async () => {
  const tokens = sourceOf(() => 'the same');
  expect(await tokens.current()).toBe('the same');
  tokens.markStale('an older one', 'refused');
  expect(await tokens.current()).toBe('the same');
  tokens.markStale('the same', 'refused');
  expect(await tokens.current()).toBeNull();
});

it('has nothing to give when a fixed token has ended, or the user is signed out', async () => {
  const fixed = sourceOf(null, 'fixed');
  expect(await fixed.current()).toBe('fixed');
  fixed.markStale('fixed', 'expired');
  expect([await fixed.current(), await sourceOf(() => null).current(), await sourceOf(() => '').current()]).toEqual([null, null, null]);
});
