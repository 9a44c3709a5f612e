import { CallId, type Delivery, SessionId } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it, vi } from 'vitest';
import { BEN } from '../test/call-event.ts';
import type { CallServiceClient } from './call-service-client.ts';
import { createDeliveryReports } from './delivery-reports.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };

const ringOf = (callId: string): Delivery => ({
  kind: 'ring',
  callId: CallId.parse(callId),
  userId: BEN,
  deviceId: null,
  sessionId: SessionId.parse('ben-s1'),
});

/** A call-service that is away for the first so many requests. */
const createReports = (failures: number) => {
  const taken: string[][] = [];
  const lines: string[] = [];
  let requests = 0;
  const client: CallServiceClient = {
    post: async ({ bodyFor, schema }) => {
      requests += 1;
      if (requests <= failures) throw new Error('nobody answers');
      taken.push((bodyFor(1, 1000) as { deliveries: Delivery[] }).deliveries.map(({ callId }) => callId));
      return { value: schema.parse({}), sentAt: 0, receivedAt: 0 };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const log = createLogger('test', 'warn', { write: (line) => void lines.push(line) });
  const reports = createDeliveryReports(client, log, () => undefined);
  return { reports, taken, lines, requests: () => requests };
};

it('a delivery is reported until a call-service took it, and those that came meanwhile behind it', async () => {
  const { reports, taken, requests } = createReports(2);
  reports.add(ringOf('a'));
  await vi.waitFor(() => expect(requests()).toBe(1), PATIENCE);
  reports.add(ringOf('b'));
  await reports.idle();
  expect(taken).toEqual([['a'], ['b']]);
});

it('who gives up asks nobody any more', async () => {
  const { reports, taken, requests } = createReports(Number.POSITIVE_INFINITY);
  reports.add(ringOf('a'));
  await vi.waitFor(() => expect(requests()).toBe(1), PATIENCE);
  reports.giveUp();
  await reports.idle();
  expect(taken).toEqual([]);
});

it('a delivery that finds too many waiting is not reported, and logged', async () => {
  const { reports, lines, requests } = createReports(Number.POSITIVE_INFINITY);
  for (let count = 0; count < 20_000; count += 1) reports.add(ringOf('a'));
  await vi.waitFor(() => expect(requests()).toBe(1), PATIENCE);
  reports.add(ringOf('late'));
  reports.giveUp();
  await reports.idle();
  const said = lines.map((line) => JSON.parse(line)).filter(({ callId }) => callId !== undefined);
  expect(said).toMatchObject([{ callId: 'late', userId: BEN, msg: 'a delivery is not reported: too many wait' }]);
});
