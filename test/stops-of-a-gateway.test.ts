import { randomUUID } from 'node:crypto';
import { connectRaw, mintToken, startSystem, UpgradeRefused } from '@trunkline/testing';
import { expect, it } from 'vitest';

const DRAIN_SECONDS = 6;
const CLIENTS = 12;

it('a gateway that stops is not ready at once, still takes clients for a moment, and sends them away a few at a time', async () => {
  await using system = await startSystem({ gateways: 1, settings: { DRAIN_SECONDS: String(DRAIN_SECONDS) } });
  const [gateway] = system.gateways;
  const url = `${gateway?.url}/ws/chat?token=${await mintToken(`somebody-${randomUUID()}`)}`;
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectRaw(url)));
  const closedAt: number[] = [];
  const closings = clients.map(async ({ closed }) => {
    const closing = await closed;
    closedAt.push(performance.now());
    return closing;
  });

  const stopped = gateway?.[Symbol.asyncDispose]();
  expect((await fetch(`${gateway?.url}/readyz`)).status).toBe(503);
  const late = await connectRaw(url);
  expect(closedAt).toEqual([]);
  await Promise.race(closings);
  await expect(connectRaw(url)).rejects.toEqual(new UpgradeRefused(503));

  expect(new Set((await Promise.all([...closings, late.closed])).map(({ code }) => code))).toEqual(new Set([4001]));
  expect(Math.max(...closedAt) - Math.min(...closedAt)).toBeGreaterThan(1500);
  await stopped;
});
