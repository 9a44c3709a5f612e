import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayId } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it, vi } from 'vitest';
import { createCallServiceClient } from './call-service-client.ts';
import { DatabaseClock } from './database-clock.ts';
import { startLease } from './lease.ts';

const LEASE_MS = 300;
const PATIENCE = { timeout: 15_000, interval: 10 };

it('a lease that was away for longer than it lasts counts as lapsed, also when the answer that said so was lost', async () => {
  // The first renewal is answered; then nothing is until the lease has long lapsed, and the answer that said so is lost too.
  let isAway = false;
  const server = createServer((request, response) => {
    request.resume();
    if (isAway) response.destroy();
    else response.end(JSON.stringify({ known: true, databaseNow: 1000 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const log = createLogger('test', 'silent');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using client = createCallServiceClient({ urls: [url], token: 'an-internal-token-of-a-test', log });
  using lease = await startLease({ client, gatewayId: GatewayId.parse('g'), leaseMs: LEASE_MS, clock: new DatabaseClock(), log });
  const heard: boolean[] = [];
  lease.onRenewed(({ wasLapsed }) => void heard.push(wasLapsed));
  await vi.waitUntil(() => heard.includes(false), PATIENCE);
  isAway = true;
  await vi.waitUntil(() => !lease.isHeld(), PATIENCE);
  isAway = false;
  heard.length = 0;
  await vi.waitUntil(() => heard.length > 0, PATIENCE);
  expect(heard[0]).toBe(true);
  server.close();
});
