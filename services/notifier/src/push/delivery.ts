import { createHash } from 'node:crypto';
import type { PushType } from '@trunkline/contract';

interface Delivery {
  /** Goes before what is not, and does not wait for the rate limit: it is about a phone that rings now. */
  isUrgent: boolean;
  /** FCM wakes a sleeping Android phone for `high` alone, and trusts an app less whose high ones show nothing. */
  android: 'high' | 'normal';
  /** RFC 8030 section 5.3. */
  webUrgency: 'low' | 'normal' | 'high';
  /** What an iPhone does: shows an alert, with a sound or without, or only wakes the app. */
  ios: 'sound' | 'silent' | 'background';
}

export const DELIVERY: Readonly<Record<PushType, Delivery>> = {
  incoming_call: { isUrgent: true, android: 'high', webUrgency: 'high', ios: 'sound' },
  call_cancelled: { isUrgent: true, android: 'high', webUrgency: 'high', ios: 'silent' },
  missed_call: { isUrgent: false, android: 'high', webUrgency: 'normal', ios: 'sound' },
  chat_message: { isUrgent: false, android: 'high', webUrgency: 'normal', ios: 'sound' },
  chat_read: { isUrgent: false, android: 'normal', webUrgency: 'normal', ios: 'background' },
  order_update: { isUrgent: false, android: 'normal', webUrgency: 'normal', ios: 'sound' },
  receipt_shared: { isUrgent: false, android: 'normal', webUrgency: 'normal', ios: 'sound' },
  promotional: { isUrgent: false, android: 'normal', webUrgency: 'low', ios: 'silent' },
  system_alert: { isUrgent: false, android: 'high', webUrgency: 'normal', ios: 'sound' },
  custom: { isUrgent: false, android: 'normal', webUrgency: 'normal', ios: 'sound' },
};

const TOPIC_LENGTH = 32;

/** What has the same topic replaces each other where it waits (RFC 8030 section 5.4): a stop takes the place of its ring. */
export const topicOf = (collapseKey: string): string => createHash('sha256').update(collapseKey).digest('base64url').slice(0, TOPIC_LENGTH);

/** Both providers refuse more than four weeks. */
export const LONGEST_TTL_MS = 28 * 86_400_000;
