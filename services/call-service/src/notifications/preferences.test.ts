import { expect, it } from 'vitest';
import { PreferenceChange, preferencesFrom, wants } from './preferences.ts';

const at = (time: string): number => Date.parse(`2026-07-01T${time}:00Z`);
const TOKYO_NIGHT = { start: '22:00', end: '07:00', time_zone: 'Asia/Tokyo' };

it('who has set nothing wants everything but advertising', () => {
  const preferences = preferencesFrom({});
  expect(wants(preferences, 'incoming_call', at('12:00'))).toBe(true);
  expect(wants(preferences, 'chat_message', at('12:00'))).toBe(true);
  expect(wants(preferences, 'order_update', at('12:00'))).toBe(true);
  expect(wants(preferences, 'system_alert', at('12:00'))).toBe(true);
  expect(wants(preferences, 'custom', at('12:00'))).toBe(true);
  expect(wants(preferences, 'promotional', at('12:00'))).toBe(false);
});

it('each type has its switch', () => {
  expect(wants(preferencesFrom({ calls: false }), 'incoming_call', at('12:00'))).toBe(false);
  expect(wants(preferencesFrom({ calls: false }), 'missed_call', at('12:00'))).toBe(false);
  expect(wants(preferencesFrom({ calls: false }), 'chat_message', at('12:00'))).toBe(true);
  expect(wants(preferencesFrom({ order_updates: false }), 'receipt_shared', at('12:00'))).toBe(false);
  expect(wants(preferencesFrom({ promotional: true }), 'promotional', at('12:00'))).toBe(true);
});

it('quiet hours are those of the user’s clock, also over midnight', () => {
  const preferences = preferencesFrom({ quiet_hours: TOKYO_NIGHT });
  const quiet = (time: string) => !wants(preferences, 'chat_message', at(time));
  expect([quiet('12:59'), quiet('13:00'), quiet('21:59'), quiet('22:00')]).toEqual([false, true, true, false]);
  const noon = preferencesFrom({ quiet_hours: { start: '12:00', end: '13:00', time_zone: 'UTC' } });
  expect([wants(noon, 'custom', at('11:59')), wants(noon, 'custom', at('12:00')), wants(noon, 'custom', at('13:00'))]).toEqual([
    true,
    false,
    true,
  ]);
});

it('a call rings in quiet hours only where the user says so', () => {
  expect(wants(preferencesFrom({ quiet_hours: TOKYO_NIGHT }), 'incoming_call', at('15:00'))).toBe(false);
  const preferences = preferencesFrom({ quiet_hours: TOKYO_NIGHT, calls_during_quiet_hours: true });
  expect(wants(preferences, 'incoming_call', at('15:00'))).toBe(true);
  expect(wants(preferences, 'chat_message', at('15:00'))).toBe(false);
});

it('takes a part of the preferences, and names what it does not know', () => {
  expect(PreferenceChange.parse({ promotional: true })).toEqual({ promotional: true });
  const refused = [
    { promotional: 'yes' },
    { marketing: true },
    { quiet_hours: { start: '25:00', end: '07:00', time_zone: 'UTC' } },
    { quiet_hours: { start: '22:00', end: '07:00', time_zone: 'Asia/Atlantis' } },
    { quiet_hours: { start: '22:00', end: '07:00' } },
  ];
  for (const change of refused) expect(PreferenceChange.safeParse(change).success, JSON.stringify(change)).toBe(false);
});
