import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { startFrontDoor } from '@trunkline/cli';
import { INTERNAL_PATHS } from '@trunkline/contract';
import { connectRaw, mintToken, type System, startSystem, UpgradeRefused } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLoadBalancer } from './load-balancer.ts';

const DOORS = ['the load balancer', 'the front door of dev'] as const;
const doors = new Map<string, string>();
const open = new AsyncDisposableStack();
let system: System;

const portOf = ({ url }: { url: string }): number => Number(new URL(url).port);

beforeAll(async () => {
  system = open.use(await startSystem({ callServices: 2 }));
  const { gateways, callServices } = system;
  const door = open.use(await startFrontDoor({ port: 0, gateways: gateways.map(portOf), callServices: callServices.map(portOf) }));
  doors.set('the load balancer', open.use(await startLoadBalancer(system)).url).set('the front door of dev', door.url);
});
afterAll(() => open.disposeAsync());

const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };

/** Asks for a path as it is written: `fetch` would make it straight. What was answered, and 101 to an upgrade that was taken. */
const ask = async (door: string, method: string, path: string, headers: Record<string, string> = {}): Promise<number> => {
  const { hostname, port } = new URL(doors.get(door) ?? '');
  const host = URL.parse(path)?.host ?? `${hostname}:${port}`;
  const asked = request({ hostname, port, method, path, headers: { host, authorization: `Bearer ${system.internalToken}`, ...headers } });
  asked.on('upgrade', (_response, socket) => socket.destroy());
  asked.end(method === 'POST' ? '{}' : undefined);
  const [response] = (await Promise.race([once(asked, 'response'), once(asked, 'upgrade')])) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
};

const upgrade = (door: string, path: string): Promise<number> =>
  ask(door, 'GET', path, { ...UPGRADE, 'sec-websocket-key': randomBytes(16).toString('base64') });

/** The ways in that there are, and some that whoever has the token might try. */
const INSIDE = [
  ...Object.values(INTERNAL_PATHS),
  '/internal',
  '/internal/',
  '/internal?x=/api/',
  '/INTERNAL/commands',
  '//internal/commands',
  '/%69nternal/commands',
  '/api/../internal/commands',
  '/ws/../internal/commands',
  '/v1/..%2finternal/commands',
  '/docs/%2e%2e/internal/commands',
  'http://inside/internal/commands',
];

describe.each(DOORS)('%s', (door) => {
  it.each([
    ['/docs', 'text/html'],
    ['/docs/swagger-ui.css', 'text/css'],
    ['/openapi.json', 'application/json'],
    ['/asyncapi.json', 'application/json'],
  ])('gives everybody %s', async (path, type) => {
    const response = await fetch(doors.get(door) + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
  });

  it('leads REST to a call-service and sockets to a gateway', async () => {
    const token = await mintToken('ann');
    const authorization = `Bearer ${token}`;
    for (const path of ['/api/v1/calls/history', '/v1/notifications/preferences'])
      expect((await fetch(doors.get(door) + path, { headers: { authorization } })).status).toBe(200);
    const polled = await fetch(`${doors.get(door)}/socket.io/?EIO=4&transport=polling`);
    expect(await polled.text()).toMatch(/^0\{"sid":/);
    for (const path of ['/ws/chat', '/ws/otomo']) {
      await using client = await connectRaw(`${doors.get(door)}${path}?token=${token}`);
      expect(client.isOpen).toBe(true);
    }
    await expect(connectRaw(`${doors.get(door)}/ws/none?token=${token}`)).rejects.toBeInstanceOf(UpgradeRefused);
  });

  it.each(INSIDE)('leads nobody to %s, request or upgrade, with the right token', async (path) => {
    expect([await ask(door, 'POST', path, { 'content-type': 'application/json' }), await upgrade(door, path)]).toEqual([404, 404]);
  });
});
