import { randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { INTERNAL_PATHS } from '@trunkline/contract';
import {
  connectOnlyCare,
  mintToken,
  type OnlyCareClient,
  type System,
  startChildService,
  startFaultProxy,
  startSystem,
  TEST_JWT_SECRET,
  until,
} from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scrape } from './scrape.ts';

const prefix = `test-${randomUUID()}`;

let system: System;

beforeAll(async () => {
  system = await startSystem({ gateways: 1, settings: { REDIS_PREFIX: prefix } });
});
afterAll(() => system[Symbol.asyncDispose]());

const callServiceUrl = (): string => system.callServices[0]?.url as string;

/** A gateway that finds call-service at another address. */
const startGatewayAt = (url: string) =>
  startChildService('socket-gateway', {
    REDIS_URL: system.redisUrl,
    REDIS_PREFIX: prefix,
    JWT_SECRET: TEST_JWT_SECRET,
    INTERNAL_TOKEN: system.internalToken,
    LOG_LEVEL: 'fatal',
    CALL_SERVICE_URLS: url,
  });

const commandsOver = async (method: string): Promise<number> =>
  (await scrape({ url: callServiceUrl() })).value(
    `http_requests_total{method="${method}",route="${INTERNAL_PATHS.commands}",status="200"}`,
  );

const rowsOf = (callerId: string) => system.database.query<{ id: string }>('SELECT id FROM calls WHERE caller_id = $1', [callerId]);

const callFrom = async (gatewayUrl: string, meanwhile = (): void => undefined) => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  await using caller = await connectOnlyCare(gatewayUrl, await mintToken(callerId));
  await using callee: OnlyCareClient = await system.connect(0, calleeId);
  meanwhile();
  const { ok, call } = await caller.ask('call:initiate', { receiverId: calleeId });
  expect(ok).toBe(true);
  await callee.hears('call:incoming', ({ callId }) => callId === call?.id);
  expect(await rowsOf(callerId)).toEqual([{ id: call?.id }]);
  expect(callee.namesFor(call?.id as string)).toEqual(['call:incoming']);
  expect(await caller.ask('call:cancel', { callId: call?.id })).toMatchObject({ ok: true });
  await callee.hears('call:cancelled');
};

describe('between a gateway and call-service', () => {
  it('a call goes over their link, and nothing of it over HTTP', async () => {
    await using gateway = await startGatewayAt(callServiceUrl());
    const [overLink, overHttp] = [await commandsOver('LINK'), await commandsOver('POST')];
    await callFrom(gateway.url);
    expect(await commandsOver('LINK')).toBe(overLink + 2);
    expect(await commandsOver('POST')).toBe(overHttp);
  });

  it('a call-service that knows no links is asked over HTTP', async () => {
    // It passes plain requests on: what asks for an upgrade is one of them, as to any server that takes none.
    const older = createServer((asked, response) => {
      const { connection: _hop, upgrade: _protocol, ...headers } = asked.headers;
      const passed = request(`${callServiceUrl()}${asked.url}`, { method: asked.method, headers }, (answered) => {
        response.writeHead(answered.statusCode ?? 500, answered.headers);
        answered.pipe(response);
      });
      asked.pipe(passed);
    });
    await new Promise<void>((resolve) => older.listen(0, '127.0.0.1', resolve));
    {
      await using gateway = await startGatewayAt(`http://127.0.0.1:${(older.address() as AddressInfo).port}`);
      const [overLink, overHttp] = [await commandsOver('LINK'), await commandsOver('POST')];
      await callFrom(gateway.url);
      expect(await commandsOver('LINK')).toBe(overLink);
      expect(await commandsOver('POST')).toBe(overHttp + 2);
    }
    older.closeAllConnections();
    await new Promise((resolve) => older.close(resolve));
  });

  // Who waits out a silent link has little of a command's time left: a machine that is too busy gets another try, with other people.
  it.each(['reset', 'hold'] as const)(
    'a command whose answer meets a link that is broken (%s) is repeated, and done once',
    { retry: 3 },
    async (verdict) => {
      await using relay = await startFaultProxy(callServiceUrl());
      await using gateway = await startGatewayAt(relay.url);
      await until('the gateway is ready', async () => (await fetch(`${gateway.url}/readyz`)).ok);
      let broken = 0;
      const breakFirst = (): void =>
        relay.watch((chunk, direction) => {
          const isAnswer = direction === 'down' && chunk.includes('"replies"');
          if (!isAnswer || broken > 0) return 'carry';
          broken += 1;
          return verdict;
        });
      const before = relay.connections;
      await callFrom(gateway.url, breakFirst);
      expect(broken).toBe(1);
      expect(relay.connections).toBe(before + 1);
    },
  );

  it('a command that meets a half-open link is repeated over another', { retry: 3 }, async () => {
    await using relay = await startFaultProxy(callServiceUrl());
    await using gateway = await startGatewayAt(relay.url);
    await until('the gateway is ready', async () => (await fetch(`${gateway.url}/readyz`)).ok);
    const before = relay.connections;
    await callFrom(gateway.url, () => relay.loseAnswers());
    expect(relay.connections).toBe(before + 1);
  });
});
