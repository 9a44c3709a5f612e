import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { startPushStandIn } from '@trunkline/push-stand-in';
import { expect, it } from 'vitest';
import type { PushTo } from '../src/push/push-sender.ts';
import { createWebPushSender } from '../src/push/web-push/web-push-sender.ts';
import { startDnsStandIn } from './dns-stand-in.ts';
import { browser, RING, VAPID } from './push-line.ts';

const HOST = 'push.example';
const RULES = { WEB_PUSH_ALLOWED_HOSTS: [HOST], WEB_PUSH_ALLOW_INSECURE: false };
const INSIDE = { outcome: 'failed', error: 'the host of the endpoint leads to an inside address', health: 'unknown' };

/** A service inside, which nobody outside may reach, and a sender that asks a name server of ours. */
const startScene = async (rules = RULES) => {
  await using starting = new AsyncDisposableStack();
  const dns = starting.use(await startDnsStandIn());
  const standIn = starting.use(await startPushStandIn());
  let connections = 0;
  const inside = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await once(inside.listen(0), 'listening');
  starting.defer(() => void inside.close());
  const vapid = { publicKey: VAPID.VAPID_PUBLIC_KEY, privateKey: VAPID.VAPID_PRIVATE_KEY, subject: VAPID.VAPID_SUBJECT };
  const sender = starting.use(createWebPushSender(vapid, rules, 4, dns.lookup));
  const endpoint = `https://${HOST}:${(inside.address() as AddressInfo).port}/a`;
  const push = {
    content: RING,
    address: { ...browser(standIn), endpoint },
    collapseKey: null,
    language: 'en',
  } as unknown as PushTo<'web_push'>;
  const running = starting.move();
  return {
    dns,
    connections: () => connections,
    send: () => sender.send(push, { leftMs: () => 30_000, signal: AbortSignal.timeout(10_000) }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

it('a name that led outside when it was looked at, and leads inside when it is connected to, is not connected to', async () => {
  await using scene = await startScene();
  scene.dns.leadTo('203.0.113.7');
  expect(await scene.dns.resolver.resolve4(HOST)).toEqual(['203.0.113.7']);
  scene.dns.leadTo('127.0.0.1');
  expect(await scene.send()).toEqual(INSIDE);
  scene.dns.leadTo('::1');
  expect(await scene.send()).toEqual(INSIDE);
  expect(scene.connections()).toBe(0);
});

it.each([
  [['10.0.0.1']],
  [['172.16.0.1']],
  [['192.168.1.1']],
  [['169.254.169.254']],
  [['100.64.0.1']],
  [['0.0.0.0']],
  [['255.255.255.255']],
  [['::']],
  [['::ffff:127.0.0.1']],
  [['::ffff:a9fe:a9fe']],
  [['64:ff9b::7f00:1']],
  [['fe80::1']],
  [['fd00:ec2::254']],
  [['203.0.113.7', '127.0.0.1']],
  [['2606:4700::1111', '::1']],
])('a name that leads to %j is not connected to', async (addresses) => {
  await using scene = await startScene();
  scene.dns.leadTo(...addresses);
  expect(await scene.send()).toEqual(INSIDE);
  expect(scene.connections()).toBe(0);
});

it('what is refused could be reached: where inside addresses are allowed, it is', async () => {
  await using scene = await startScene({ ...RULES, WEB_PUSH_ALLOW_INSECURE: true });
  scene.dns.leadTo('127.0.0.1');
  expect(await scene.send()).toMatchObject({ outcome: 'retry' });
  expect(scene.connections()).toBeGreaterThan(0);
});
