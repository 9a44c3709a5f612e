import type { SendOutcome } from '../push-sender.ts';
import type { ProviderAnswer } from './one-request-agent.ts';

const GONE = new Set(['messaging/registration-token-not-registered', 'messaging/installation-id-not-registered']);

export interface FcmFailure {
  /** firebase-admin's; null where it is not one of its errors. */
  code: string | null;
  /** Without the target's address. */
  words: string;
  answer: ProviderAnswer | null;
}

/** firebase-admin refuses by itself what FCM would not understand. */
const isOurMistake = ({ code, answer }: FcmFailure): boolean => answer === null && code?.startsWith('messaging/') === true;

/** FCM's status where it did not do its part, and of firebase-admin's code and words what is FCM's. */
const errorOf = ({ code, words, answer }: FcmFailure): string => {
  const said = code === null ? words : `${code}: ${words}`;
  if (answer === null || answer.status < 500) return said;
  return code?.startsWith('messaging/') === true ? `FCM answered ${answer.status}: ${said}` : `FCM answered ${answer.status}`;
};

/** What a failed `send` means for the push and its target. */
export const fcmOutcome = (failure: FcmFailure): SendOutcome => {
  const { code, answer } = failure;
  const error = errorOf(failure);
  if (code !== null && GONE.has(code)) return { outcome: 'target_gone', error, health: 'up' };
  const status = answer?.status ?? 0;
  if (status === 429) return { outcome: 'retry', error, retryAfterMs: answer?.retryAfterMs ?? null, health: 'up' };
  if (isOurMistake(failure)) return { outcome: 'failed', error, health: 'unknown' };
  // Only its id did not come: sent again, the phone would have it twice.
  if (status >= 200 && status < 300) return { outcome: 'accepted', providerId: null, health: 'up' };
  if (status >= 200 && status < 500) return { outcome: 'failed', error, health: 'up' };
  return { outcome: 'retry', error, retryAfterMs: answer?.retryAfterMs ?? null, health: 'down' };
};
