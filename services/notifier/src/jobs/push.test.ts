import { randomUUID } from 'node:crypto';
import { ClaimedPush, PushId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { push } from './push.ts';

const claimed = ClaimedPush.parse({
  id: randomUUID(),
  attempt: 1,
  address: { provider: 'fcm', platform: 'android', kind: 'token', token: 't' },
  language: 'en',
  content: { type: 'custom', name: null, title: 'News', body: null, data: {} },
  collapseKey: null,
  expiresInMs: 60_000,
});
const job = { pushes: [{ id: PushId.parse(claimed.id), attempt: 1 }] };

/** Works on the job; `takes`: whether the result is taken. */
const workOn = async (takes: boolean) => {
  const seen = { askedAt: 0, claimedAt: Number.POSITIVE_INFINITY };
  const work = push({
    callService: {
      claimPushes: async () => {
        seen.askedAt = performance.now();
        return [claimed];
      },
    },
    dispatcher: {
      send: async ({ id, attempt }, claimedAt) => {
        seen.claimedAt = claimedAt;
        return { outcome: 'deferred', id, attempt, error: 'later', retryAfterMs: null };
      },
      openBreakers: () => ({ fcm: 0, web_push: 0 }),
      stop: () => undefined,
    },
    reports: { add: () => (takes ? Promise.resolve() : Promise.reject(new Error('the notifier stops'))) },
  });
  const failure = await work(job).catch((error: unknown) => error);
  return { ...seen, failure };
};

it('a job whose result was not recorded has failed, so that it runs again', async () => {
  expect((await workOn(true)).failure).toBeUndefined();
  expect((await workOn(false)).failure).toEqual(new Error('the notifier stops'));
});

it('the time that a push has left counts from before the question, so that it is never thought longer than it is', async () => {
  const { askedAt, claimedAt } = await workOn(true);
  expect(claimedAt).toBeLessThanOrEqual(askedAt);
});
