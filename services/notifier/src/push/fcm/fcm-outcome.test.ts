import { expect, it } from 'vitest';
import { fcmOutcome } from './fcm-outcome.ts';

const answer = (status: number) => ({ status, retryAfterMs: null });

it.each([
  ['a target that is gone', { code: 'messaging/registration-token-not-registered', answer: answer(404) }, 'target_gone', 'up'],
  ['an acceptance of which the rest did not come', { code: null, answer: answer(200) }, 'accepted', 'up'],
  ['a refusal', { code: 'messaging/invalid-argument', answer: answer(400) }, 'failed', 'up'],
  ['too much', { code: 'messaging/message-rate-exceeded', answer: answer(429) }, 'retry', 'up'],
  ['an outage', { code: 'messaging/server-unavailable', answer: answer(503) }, 'retry', 'down'],
  ['no answer', { code: null, answer: null }, 'retry', 'down'],
  ['no access token', { code: 'app/invalid-credential', answer: null }, 'retry', 'down'],
  ['what firebase-admin refuses by itself', { code: 'messaging/invalid-payload', answer: null }, 'failed', 'unknown'],
])('%s', (_what, failure, outcome, health) => {
  expect(fcmOutcome({ ...failure, words: 'words' })).toMatchObject({ outcome, health });
});
