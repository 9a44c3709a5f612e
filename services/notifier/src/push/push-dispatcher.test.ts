import { randomUUID } from 'node:crypto';
import { type ClaimedPush, ClaimedPush as ClaimedPushSchema } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { createPushDispatcher, type Providers } from './push-dispatcher.ts';
import type { SendOutcome } from './push-sender.ts';

const CALL = { type: 'call_cancelled', callId: 'c', callerId: 'ann', callerName: null, reason: 'cancelled' };
const CUSTOM = { type: 'custom', name: null, title: 'News', body: null, data: {} };

const claimed = (content: object, changes: Partial<ClaimedPush> = {}): ClaimedPush => ({
  ...ClaimedPushSchema.parse({
    id: randomUUID(),
    attempt: 1,
    address: { provider: 'fcm', platform: 'android', kind: 'token', token: 't' },
    language: 'en',
    content,
    collapseKey: null,
    expiresInMs: 60_000,
  }),
  ...changes,
});

const subscribedAt = (endpoint: string): Partial<ClaimedPush> => ({
  address: { provider: 'web_push', endpoint, p256dh: 'p', auth: 'a' },
});

/** A dispatcher whose providers answer as the test says; `sent` is what they were asked. */
const start = (answer: (push: ClaimedPush) => SendOutcome, ratePerSecond = 0) => {
  const sent: ClaimedPush[] = [];
  const provider = {
    ratePerSecond,
    sender: {
      send: async (push: ClaimedPush) => {
        sent.push(push);
        return answer(push);
      },
      [Symbol.asyncDispose]: async () => undefined,
    },
  };
  const providers: Providers = { fcm: provider, web_push: provider };
  const logger = createLogger('test', 'silent');
  const dispatcher = createPushDispatcher(providers, { concurrency: 10, breaker: { failures: 1, openMs: 60_000 }, logger });
  return { sent, send: dispatcher.send };
};

const accepted = (): SendOutcome => ({ outcome: 'accepted', providerId: null, health: 'up' });

it('a push service that is down is left alone, and no other one of the same provider', async () => {
  const down: SendOutcome = { outcome: 'retry', error: 'down', retryAfterMs: null, health: 'down' };
  const { send, sent } = start(({ address }) => (address.provider === 'web_push' && address.endpoint.includes('down') ? down : accepted()));
  const outcomes: string[] = [];
  for (const host of ['down', 'down', 'up'])
    outcomes.push((await send(claimed(CUSTOM, subscribedAt(`https://${host}.example/x`)), performance.now())).outcome);
  expect([outcomes, sent.length]).toEqual([['retry', 'retry', 'accepted'], 2]);
});

it('what waited so long that another one may have it by now is given back', async () => {
  const { send, sent } = start(accepted);
  const outcomeAfter = async (content: object, waitedMs: number) => (await send(claimed(content), performance.now() - waitedMs)).outcome;
  expect([await outcomeAfter(CALL, 11_000), await outcomeAfter(CUSTOM, 11_000), await outcomeAfter(CUSTOM, 41_000)]).toEqual([
    'deferred',
    'accepted',
    'deferred',
  ]);
  expect(sent).toHaveLength(1);
});

it('what is urgent waits for no rate, and takes its place in it all the same', async () => {
  const { send } = start(accepted, 1);
  const outcomes: string[] = [];
  for (const content of [CALL, CALL, CUSTOM])
    outcomes.push((await send(claimed(content, { expiresInMs: 900 }), performance.now())).outcome);
  expect(outcomes).toEqual(['accepted', 'accepted', 'deferred']);
});
