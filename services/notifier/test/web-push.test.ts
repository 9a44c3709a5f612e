import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { startFaultProxy } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { browser, firstTogether, RING, STOP, startPushLine, VAPID } from './push-line.ts';

/** So many connections are kept. */
const WARM = 3;

it('a ring is encrypted for its subscription, signed, urgent, and lives as long as the ring', async () => {
  await using line = await startPushLine();
  const address = browser(line.standIn);

  const result = await line.send({ content: RING, address, collapseKey: 'call-1', expiresInMs: 40_000, language: 'ja' });

  expect(result).toMatchObject({ outcome: 'accepted', providerId: expect.stringMatching(/^[0-9a-f]{16}$/) });
  const [received] = line.standIn.received();
  if (received?.provider !== 'web_push') throw new Error('no Web Push');
  expect(received).toMatchObject({
    urgency: 'high',
    vapid: { publicKey: VAPID.VAPID_PUBLIC_KEY, subject: 'mailto:push@example.com' },
    topic: expect.stringMatching(/^[\w-]{32}$/),
  });
  expect(received.ttlSeconds).toSatisfy((seconds: number) => seconds > 20 && seconds < 40);
  expect(received.payload).toEqual({
    title: 'Aliceから着信',
    body: 'ビデオ通話の着信です',
    icon: '/icons/call.png',
    badge: '/icons/badge.png',
    tag: 'call-CALL_17637599232099',
    data: {
      type: 'incoming_call',
      callId: 'CALL_17637599232099',
      callerId: 'USR_123',
      callerName: 'Alice',
      callerAvatar: 'https://example.com/alice.png',
      callType: 'VIDEO',
      channelId: 'channel-1',
      expiresAt: expect.stringMatching(/^\d{13}$/),
    },
    actions: [
      { action: 'accept', title: '応答', icon: '/icons/accept.png' },
      { action: 'decline', title: '拒否', icon: '/icons/decline.png' },
    ],
    requireInteraction: true,
  });
});

it('a stop replaces its ring, where that waits and where it is shown', async () => {
  await using line = await startPushLine();
  const address = browser(line.standIn);
  await line.send({ content: RING, address, collapseKey: 'call-1' });
  await line.send({ content: STOP, address, collapseKey: 'call-1' });
  await line.send({ content: STOP, address, collapseKey: 'call-2' });
  const received = line.standIn.received().map((push) => {
    if (push.provider !== 'web_push') throw new Error('no Web Push');
    return { topic: push.topic, tag: (push.payload as { tag: string }).tag, urgency: push.urgency };
  });
  expect(received[1]).toEqual(received[0]);
  expect(received[2]?.topic).not.toBe(received[0]?.topic);
});

it('pushes share connections', async () => {
  await using line = await startPushLine();
  for (const content of [RING, STOP, RING]) await line.send({ content, address: browser(line.standIn) });
  expect(line.standIn.connections()).toBe(1);
});

it('a kept connection that closes under a request is no failure', async () => {
  let requests = 0;
  const server = createHttpServer((request, response) => {
    requests += 1;
    if (requests === 2) request.socket.resetAndDestroy();
    else request.resume().on('end', () => response.writeHead(201).end());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await using line = await startPushLine();
  const address = { ...browser(line.standIn), endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a` };
  await line.send({ content: RING, address });
  expect(await line.send({ content: RING, address })).toMatchObject({ outcome: 'accepted' });
  expect(requests).toBe(3);
  server.close();
  server.closeAllConnections();
});

it('one answer that never comes ends the idle connections to its push service too, which may be as dead', async () => {
  const server = createHttpServer(firstTogether(WARM, (response) => response.writeHead(201).end()));
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await using relay = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await using line = await startPushLine();
  const address = { ...browser(line.standIn), endpoint: `${relay.url}a` };
  const warming = Array.from({ length: WARM }, () => line.send({ content: RING, address }));
  expect(await Promise.all(warming)).toEqual(warming.map(() => expect.objectContaining({ outcome: 'accepted' })));
  relay.swallow();
  relay.pass();
  expect(await line.send({ content: RING, address, expiresInMs: 1000 })).toMatchObject({ outcome: 'retry' });
  expect(await line.send({ content: RING, address })).toMatchObject({ outcome: 'accepted' });
  server.close();
  server.closeAllConnections();
});

it.each([
  { status: 404, result: { outcome: 'target_gone', error: 'the push service answered 404' } },
  { status: 410, result: { outcome: 'target_gone', error: 'the push service answered 410' } },
  { status: 400, result: { outcome: 'failed', error: 'the push service answered 400' } },
  { status: 403, result: { outcome: 'failed', error: 'the push service answered 403' } },
  { status: 413, result: { outcome: 'failed', error: 'the push service answered 413' } },
  { status: 301, result: { outcome: 'failed', error: 'the push service answered 301' } },
  { status: 429, retryAfterSeconds: 30, result: { outcome: 'retry', retryAfterMs: 30_000 } },
  { status: 500, result: { outcome: 'retry', retryAfterMs: null } },
  { status: 503, retryAfterSeconds: 5, result: { outcome: 'retry', retryAfterMs: 5000 } },
])('$status of a push service leads to $result.outcome', async ({ result, ...script }) => {
  await using line = await startPushLine();
  line.standIn.script({ ...script, times: 10 });
  expect(await line.send({ content: RING, address: browser(line.standIn) })).toMatchObject(result);
  expect(line.standIn.attempts()).toHaveLength(1);
});

it('a subscription that is no more is gone', async () => {
  await using line = await startPushLine();
  const address = browser(line.standIn);
  line.standIn.unregister(address.endpoint);
  expect(await line.send({ content: RING, address })).toMatchObject({ outcome: 'target_gone' });
});

it('keys that are none are refused for good, and not quoted', async () => {
  await using line = await startPushLine();
  const address = { ...browser(line.standIn), p256dh: 'not-a-key' };
  const result = await line.send({ content: RING, address });
  expect(result).toMatchObject({ outcome: 'failed' });
  expect(JSON.stringify(result)).not.toContain('not-a-key');
});

it('without VAPID keys there is no Web Push', async () => {
  await using line = await startPushLine({ VAPID_PUBLIC_KEY: '', VAPID_PRIVATE_KEY: '', VAPID_SUBJECT: '' });
  const result = await line.send({ content: RING, address: browser(line.standIn) });
  expect(result).toMatchObject({ outcome: 'failed', error: 'Web Push is not set up: the VAPID settings are not set' });
});

/** Counts who connects. */
const startInsideServer = async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).destroy();
  });
  await once(server.listen(0), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
};

const INSIDE = 'the host of the endpoint leads to an inside address';
const LITERAL = 'the endpoint must name a host, not an address';

it.each([
  ['127.0.0.1', LITERAL],
  ['0x7f000001', LITERAL],
  ['2130706433', LITERAL],
  ['[::1]', LITERAL],
  ['[::ffff:127.0.0.1]', LITERAL],
  // On the list, and a public name for all that can be seen: what it leads to is looked at when it is connected to.
  ['localhost', INSIDE],
  ['example.org', 'the endpoint is not at a known push service (WEB_PUSH_ALLOWED_HOSTS)'],
])('nothing is sent to %s', async (host, error) => {
  await using inside = await startInsideServer();
  await using line = await startPushLine({ WEB_PUSH_ALLOW_INSECURE: '0', WEB_PUSH_ALLOWED_HOSTS: 'localhost' });
  const endpoint = `https://${host}:${inside.port}/push/abc`;
  expect(await line.send({ content: RING, address: { ...browser(line.standIn), endpoint } })).toMatchObject({ outcome: 'failed', error });
  expect(inside.connections()).toBe(0);
});

it('plain http is refused outside of tests', async () => {
  await using line = await startPushLine({ WEB_PUSH_ALLOW_INSECURE: '0' });
  const result = await line.send({ content: RING, address: browser(line.standIn) });
  expect(result).toMatchObject({ outcome: 'failed', error: 'the endpoint must be an https:// URL' });
  expect(line.standIn.attempts()).toEqual([]);
});
