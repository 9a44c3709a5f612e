import type { PushType } from '@trunkline/contract';
import { z } from 'zod';
import { inEitherSpelling } from './either-spelling.ts';

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day as HH:MM');

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const QuietHours = z.strictObject({
  start: TimeOfDay,
  /** Before `start`: the hours go over midnight. */
  end: TimeOfDay,
  time_zone: z.string().max(64).refine(isTimeZone, 'must be a time zone of the IANA database, as Asia/Tokyo'),
});

const SHAPE = {
  order_updates: z.boolean(),
  chat_messages: z.boolean(),
  promotional: z.boolean(),
  system_alerts: z.boolean(),
  calls: z.boolean(),
  quiet_hours: QuietHours.nullable(),
  calls_during_quiet_hours: z.boolean(),
};

/** What a user wants to be told of while the app is closed. */
export const Preferences = z.object(SHAPE);
export type Preferences = z.infer<typeof Preferences>;

const Stored = z.strictObject(SHAPE).partial();

const QuietHoursSaid = inEitherSpelling(QuietHours, Object.keys(QuietHours.shape)).nullable();

/** What a request may change: what it leaves out stays. */
export const PreferenceChange = inEitherSpelling(Stored.extend({ quiet_hours: QuietHoursSaid.optional() }), Object.keys(SHAPE));

const DEFAULTS: Preferences = {
  order_updates: true,
  chat_messages: true,
  promotional: false,
  system_alerts: true,
  calls: true,
  quiet_hours: null,
  calls_during_quiet_hours: false,
};

/** What is stored is what the user has set: the rest follows the defaults. */
export const preferencesFrom = (stored: object): Preferences => ({ ...DEFAULTS, ...Stored.catch({}).parse(stored) }) as Preferences;

type Switch = 'order_updates' | 'chat_messages' | 'promotional' | 'system_alerts' | 'calls';

/** Null: nobody can switch it off. */
const SWITCHES: Readonly<Record<PushType, Switch | null>> = {
  incoming_call: 'calls',
  call_cancelled: 'calls',
  missed_call: 'calls',
  chat_message: 'chat_messages',
  chat_read: 'chat_messages',
  order_update: 'order_updates',
  receipt_shared: 'order_updates',
  promotional: 'promotional',
  system_alert: 'system_alerts',
  custom: null,
};

/** Twice as many as there are zones. Users spell them, in any case, so that there may be any number of names. */
const MOST_CLOCKS = 1000;
const clocks = new Map<string, Intl.DateTimeFormat>();

const clockOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  if (clocks.size >= MOST_CLOCKS) clocks.clear();
  clocks.set(timeZone, clock);
  return clock;
};

const isQuiet = ({ quiet_hours }: Preferences, now: number): boolean => {
  if (quiet_hours === null) return false;
  const { start, end, time_zone } = quiet_hours;
  const time = clockOf(time_zone).format(now);
  return start <= end ? start <= time && time < end : start <= time || time < end;
};

/** Whether the user wants a push of this type at `now`, in epoch milliseconds. */
export const wants = (preferences: Preferences, type: PushType, now: number): boolean => {
  const name = SWITCHES[type];
  if (name !== null && !preferences[name]) return false;
  return (name === 'calls' && preferences.calls_during_quiet_hours) || !isQuiet(preferences, now);
};
