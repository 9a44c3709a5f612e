import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { INTERNAL_PATHS } from '@trunkline/contract';
import {
  CONNECT,
  connectOnlyCare,
  connectOtsy,
  connectRaw,
  DIALECTS,
  type DialectName,
  mintToken,
  type Phone,
  type System,
  startSystem,
} from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadBalancer, startLoadBalancer } from './load-balancer.ts';
import { ROOT } from './repository-root.ts';

let system: System;
let balancer: LoadBalancer;

beforeAll(async () => {
  system = await startSystem({ callServices: 2, asProcesses: ['socket-gateway'], settings: { DRAIN_SECONDS: '8' } });
  balancer = await startLoadBalancer(system);
});
afterAll(async () => {
  await balancer?.[Symbol.asyncDispose]();
  await system?.[Symbol.asyncDispose]();
});

const phone = async (dialect: DialectName): Promise<Phone> => {
  const userId = `${dialect}-${randomUUID()}`;
  return CONNECT[dialect]({
    gatewayUrl: balancer.url,
    callServiceUrl: balancer.url,
    token: await mintToken(userId),
    userId,
    deviceId: null,
  });
};

/** A call, answered and hung up, between two phones that are connected somewhere. */
const callBetween = async (caller: Phone, callee: Phone): Promise<void> => {
  const placed = await caller.place({ calleeId: callee.userId });
  const callId = placed.ok ? placed.callId : expect.unreachable();
  await callee.hears('incoming', callId);
  expect(await callee.accept(callId)).toMatchObject({ ok: true });
  await caller.hears('accepted', callId);
  expect(await caller.end(callId)).toMatchObject({ ok: true });
  await callee.hears('ended', callId);
};

describe('through the load balancer of the compose file, without sticky sessions', () => {
  it.each(DIALECTS)('%s calls and is called', async (dialect) => {
    await using open = new AsyncDisposableStack();
    // Two more than gateways, so that some of them meet across.
    const phones = await Promise.all([dialect, dialect, 'onlycare' as const, dialect].map(phone));
    for (const one of phones) open.use(one);
    const [first, second, third, fourth] = phones as [Phone, Phone, Phone, Phone];
    await callBetween(first, second);
    await callBetween(third, fourth);
    await callBetween(second, third);
  });

  it('chats connect', async () => {
    await using client = await connectOtsy(balancer.url, await mintToken(`otsy-${randomUUID()}`));
    expect(client.heard.length).toBeGreaterThan(0);
  });

  it.each([
    ['by long polling alone', ['polling']],
    ['by long polling first, then by WebSocket, as Socket.IO does by itself', ['polling', 'websocket']],
  ])('Socket.IO connects %s: each session stays with its gateway', async (_how, transports) => {
    await using open = new AsyncDisposableStack();
    for (let count = 0; count < 6; count += 1) {
      const client = open.use(await connectOnlyCare(balancer.url, await mintToken(`poll-${randomUUID()}`), { transports }));
      expect(await client.ask('call:initiate', { receiverId: randomUUID() })).toMatchObject({ ok: true });
    }
  });

  it.each(['/internal/commands', '/metrics', '/readyz', '/'])('%s is nobody’s business', async (path) => {
    expect((await fetch(balancer.url + path)).status).toBe(404);
  });

  it('no upgrade leads to the links of our own processes', async () => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      authorization: `Bearer ${system.internalToken}`,
    };
    const asked = get(`${balancer.url}${INTERNAL_PATHS.link}`, { headers }).on('upgrade', () => expect.unreachable());
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(404);
  });

  it('no token is logged', async () => {
    const token = await mintToken(`quiet-${randomUUID()}`);
    await using client = await connectRaw(`${balancer.url}/ws/chat?token=${token}`);
    await client[Symbol.asyncDispose]();
    await expect.poll(() => balancer.log()).toContain('"path":"/ws/chat"');
    expect(balancer.log()).not.toContain(token.slice(0, 20));
  });

  it('while a gateway sends its clients away nobody is refused, and all of them meet at the other', { timeout: 60_000 }, async () => {
    await using open = new AsyncDisposableStack();
    const url = `${balancer.url}/ws/chat?token=${await mintToken(`mover-${randomUUID()}`)}`;
    const early = await Promise.all(Array.from({ length: 6 }, () => connectRaw(url)));
    let isOver = false;
    const stopped = system
      .process('socket-gateway', 0)
      .stop()
      .finally(() => {
        isOver = true;
      });
    let late = 0;
    while (!isOver) {
      await using client = await connectRaw(url);
      expect(client.isOpen).toBe(true);
      late += 1;
    }
    expect(await stopped).toBe(0);
    expect(late).toBeGreaterThan(10);
    const codes = await Promise.all(early.filter(({ isOpen }) => !isOpen).map(async ({ closed }) => (await closed).code));
    expect(new Set(codes)).toEqual(new Set([4001]));
    for (const client of early) open.use(client);
    await callBetween(open.use(await phone('onlycare')), open.use(await phone('otomo')));
  });
});

it('the line of docs/kubernetes.md closes the server API, however it is spelled, and nothing else', async () => {
  const [line] = /^ +http-request deny .*\/v1\/server.*$/m.exec(readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')) ?? [];
  await using closed = await startLoadBalancer(system, [line as string]);
  const statusesAt = ({ url }: LoadBalancer, paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
  const server = ['/v1/server/calls', '/v1/SERVER/calls', '/v1/Server/live?a=b'];
  expect(await statusesAt(balancer, server)).toEqual([401, 401, 401]);
  expect(await statusesAt(closed, server)).toEqual([404, 404, 404]);
  expect(await statusesAt(closed, ['/v1/chat/my-chats', '/v1/notifications/history', '/api/v1/calls/ringing'])).toEqual([401, 401, 401]);
});

it('a service is told the address of the client, and not what the client says that it is', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/api/whoami') seen.push(request.headers);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const replica = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: async () => undefined };
  await using own = await startLoadBalancer({ gateways: [replica, replica], callServices: [replica, replica] });
  await fetch(`${own.url}/api/whoami`, { headers: { 'x-forwarded-for': '6.6.6.6' } });
  expect(seen.map((headers) => headers['x-forwarded-for'])).toEqual(['127.0.0.1']);
  server.close();
});
