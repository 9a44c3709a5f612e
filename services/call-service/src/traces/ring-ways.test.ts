import { expect, it } from 'vitest';
import { ringRates, type WayEvidence } from './ring-ways.ts';

const row = (kind: string, at: number, deviceId: string | null, detail: WayEvidence['detail'] = null): WayEvidence => ({
  kind,
  at,
  deviceId,
  detail,
});
const queued = (deviceId: string | null, platform: string, provider: string): WayEvidence =>
  row('push_queued', 1, deviceId, { type: 'incoming_call', pushId: `${deviceId} ${platform}`, platform, provider });
const accepted = (deviceId: string | null, platform: string, at = 10): WayEvidence =>
  row('push_accepted', at, deviceId, { type: 'incoming_call', pushId: `${deviceId} ${platform}` });

const rate = (calls: number, of: number) => ({ calls, share: calls / of });
const android = { platform: 'android', provider: 'fcm' };

it('a push counts as taken, as having woken its device, and as answered there', () => {
  const taken = [queued('phone', 'android', 'fcm'), accepted('phone', 'android')];
  const woken = [...taken, row('ring_sent', 20, 'phone')];
  const answered = [...woken, row('call_accepted', 30, 'phone')];
  const refused = [queued('phone', 'android', 'fcm'), row('push_failed', 5, 'phone', { type: 'incoming_call' })];
  expect(ringRates([taken, woken, answered, refused]).find(({ platform }) => platform === 'android')).toEqual({
    ...android,
    rings: 4,
    reached: rate(3, 4),
    woke: rate(2, 4),
    answered: rate(1, 4),
  });
});

it('a device that was connected before the push was not woken by it', () => {
  const call = [queued('phone', 'ios', 'fcm'), row('ring_sent', 2, 'phone'), accepted('phone', 'ios'), row('call_accepted', 30, 'phone')];
  expect(ringRates([call])).toEqual([
    { platform: 'socket', provider: null, rings: 1, reached: rate(1, 1), woke: rate(0, 1), answered: rate(1, 1) },
    { platform: 'ios', provider: 'fcm', rings: 1, reached: rate(1, 1), woke: rate(0, 1), answered: rate(0, 1) },
  ]);
});

it('a device without a name is not taken for any other', () => {
  const call = [queued(null, 'web', 'web_push'), accepted(null, 'web'), row('ring_sent', 20, null), row('call_accepted', 30, null)];
  expect(ringRates([call]).find(({ platform }) => platform === 'web')).toMatchObject({ reached: rate(1, 1), woke: rate(0, 1) });
});

it('of two devices on one way, the one counts on which it came furthest, and the call once', () => {
  const call = [queued('old', 'android', 'fcm'), queued('new', 'android', 'fcm'), accepted('new', 'android'), row('ring_sent', 20, 'new')];
  expect(ringRates([call])).toContainEqual({ ...android, rings: 1, reached: rate(1, 1), woke: rate(1, 1), answered: rate(0, 1) });
});

it('pushes that do not ring are left out, and so are those of which no platform was written down', () => {
  const missed = row('push_queued', 1, 'phone', { type: 'missed_call', pushId: 'p', platform: 'android', provider: 'fcm' });
  const older = row('push_queued', 1, 'phone', { type: 'incoming_call', pushId: 'q' });
  expect(ringRates([[missed, older], []])).toEqual([]);
});
