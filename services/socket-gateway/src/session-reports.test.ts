import { GatewayId, SessionId } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { BEN } from '../test/call-event.ts';
import { type CallServiceClient, CallServiceError } from './call-service-client.ts';
import { createSessionReports } from './session-reports.ts';

const BENS = { sessionId: SessionId.parse('ben-s1'), userId: BEN, deviceId: null, hears: 'calls' as const };

/** Reports to a call-service that does so with each. */
const reportsTo = (post: CallServiceClient['post']) =>
  createSessionReports({
    client: { post, [Symbol.asyncDispose]: async () => undefined },
    gatewayId: GatewayId.parse('g'),
    log: createLogger('test', 'silent'),
  });

it('there is room for more sessions while not too many reports wait', async () => {
  const { promise: isBack, resolve: comeBack } = Promise.withResolvers<void>();
  const reports = reportsTo(async ({ schema }) => {
    await isBack;
    return { value: schema.parse({ snapshots: [] }), sentAt: 0, receivedAt: 0 };
  });
  expect(reports.hasRoom()).toBe(true);
  const opened = Array.from({ length: 5000 }, () => reports.opened(BENS));
  expect(reports.hasRoom()).toBe(true);
  const closed = Array.from({ length: 5000 }, () => reports.closed(BENS));
  expect(reports.hasRoom()).toBe(false);
  comeBack();
  await Promise.all([...opened, ...closed]);
  expect(reports.hasRoom()).toBe(true);
});

it('a session that an answer leaves out is not admitted, and not as one that may be asked for again at once', async () => {
  const reports = reportsTo(async ({ schema }) => ({ value: schema.parse({ snapshots: [] }), sentAt: 0, receivedAt: 0 }));
  expect(await reports.opened(BENS)).toBe('unreachable');
});

it.each([
  { wasBusy: true, reason: 'busy' },
  { wasBusy: false, reason: 'unreachable' },
] as const)('a session that no call-service took is $reason where one was there: $wasBusy', async ({ wasBusy, reason }) => {
  const reports = reportsTo(async ({ path }) => {
    throw new CallServiceError(path, null, wasBusy);
  });
  expect(await reports.opened(BENS)).toBe(reason);
});
