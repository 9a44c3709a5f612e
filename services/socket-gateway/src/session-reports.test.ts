import { GatewayId, SessionId } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { BEN } from '../test/call-event.ts';
import type { CallServiceClient } from './call-service-client.ts';
import { createSessionReports } from './session-reports.ts';

it('there is room for more sessions while not too many reports wait', async () => {
  const { promise: isBack, resolve: comeBack } = Promise.withResolvers<void>();
  const client: CallServiceClient = {
    post: async ({ schema }) => {
      await isBack;
      return { value: schema.parse({ snapshots: [] }), sentAt: 0, receivedAt: 0 };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const reports = createSessionReports({ client, gatewayId: GatewayId.parse('g'), log: createLogger('test', 'silent') });
  expect(reports.hasRoom()).toBe(true);
  const session = { sessionId: SessionId.parse('ben-s1'), userId: BEN, deviceId: null, hears: 'calls' as const };
  const opened = Array.from({ length: 5000 }, () => reports.opened(session));
  expect(reports.hasRoom()).toBe(true);
  const closed = Array.from({ length: 5000 }, () => reports.closed(session));
  expect(reports.hasRoom()).toBe(false);
  comeBack();
  await Promise.all([...opened, ...closed]);
  expect(reports.hasRoom()).toBe(true);
});
