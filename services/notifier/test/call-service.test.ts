import { PushId, type PushResult } from '@trunkline/contract';
import { expect, it, vi } from 'vitest';
import { createCallService } from '../src/call-service.ts';
import { openInternalDoor } from './internal-door.ts';

const RESULT: PushResult = { outcome: 'expired', id: PushId.parse('0197f3a0-0000-7000-8000-000000000001'), attempt: 1 };
const PATIENCE = { timeout: 10_000, interval: 10 };
/** A port where nothing listens. */
const NOBODY = 'http://127.0.0.1:1';

const open = (...urls: string[]) => createCallService({ urls, internalToken: 'the-internal-token-of-tests-only' });

it('of several requests at once each is answered by the call-service that answers, and the next one asks it first', async () => {
  await using silent = await openInternalDoor(null);
  await using healthy = await openInternalDoor(200);
  await using callService = open(silent.url, healthy.url);
  await Promise.all(Array.from({ length: 5 }, () => callService.recordPushResults([RESULT])));
  expect([silent.heard.length, healthy.heard.length]).toEqual([5, 5]);
  await callService.recordPushResults([RESULT]);
  expect([silent.heard.length, healthy.heard.length]).toEqual([5, 6]);
});

it('a request that fails late leads no other away from the call-service that answers', async () => {
  const statuses = [500];
  await using silent = await openInternalDoor(null);
  await using worsening = await openInternalDoor(() => statuses.shift() ?? null);
  await using healthy = await openInternalDoor(200);
  await using callService = open(silent.url, worsening.url, healthy.url);
  const early = callService.recordPushResults([RESULT]);
  await vi.waitFor(() => expect(Date.now() - (silent.heard[0]?.at ?? Number.POSITIVE_INFINITY)).toBeGreaterThan(300), PATIENCE);
  const late = callService.recordPushResults([RESULT]);
  await early;
  await vi.waitFor(() => expect(worsening.heard).toHaveLength(2), PATIENCE);
  await callService.recordPushResults([RESULT]);
  expect([silent.heard.length, worsening.heard.length, healthy.heard.length]).toEqual([2, 2, 2]);
  await late;
});

it('every call-service is asked once before a request is given up, which tells what they answered', async () => {
  await using broken = await openInternalDoor(500);
  await using refusing = await openInternalDoor(400);
  await using callService = open(broken.url, NOBODY, refusing.url);
  await expect(callService.recordPushResults([RESULT])).rejects.toMatchObject({ statuses: [500, 400] });
  expect([broken.heard.length, refusing.heard.length]).toEqual([1, 1]);
});

it('where no call-service is reached there is no answer to tell', async () => {
  await using callService = open(NOBODY, NOBODY);
  await expect(callService.recordPushResults([RESULT])).rejects.toMatchObject({ statuses: [] });
});
