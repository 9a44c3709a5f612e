import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isStorable, PushContent } from '@trunkline/contract';
import { startFaultProxy } from '@trunkline/testing';
import { expect, it, vi } from 'vitest';
import { android, firstTogether, RING, STOP, startPushLine } from './push-line.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };
/** So many connections are kept. */
const WARM = 3;

const aTime = (least: number, most: number) => expect.toSatisfy((value: number) => value > least && value <= most);

/** The `ttl` of a message, in milliseconds. */
const ttlOf = (ttl: string | undefined): number => Number(ttl?.replace('s', '')) * 1000;

/** A server in FCM's place that answers as it is told to. */
const startFcm = async (answer: RequestListener) => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  // As FCM, it does not say for how long it keeps a connection.
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** An error as FCM words it. */
const fcmError = (errorCode: string, message: string): string =>
  JSON.stringify({ error: { message, details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }] } });

it('a ring is a data message that lives as long as the ring', async () => {
  await using line = await startPushLine();
  const token = line.standIn.newFcmToken();

  const result = await line.send({ content: RING, address: android(token), collapseKey: 'call-1', expiresInMs: 40_000 });

  expect(result).toMatchObject({
    outcome: 'accepted',
    attempt: 1,
    providerId: expect.stringMatching(/^projects\/trunkline-dev\/messages\/0:/),
  });
  const [received, ...others] = line.standIn.received();
  expect(others).toEqual([]);
  if (received?.provider !== 'fcm') throw new Error('no push of FCM');
  const { data, android: delivery, ...target } = received.message;
  expect(target).toEqual({ token });
  expect(data).toEqual({
    type: 'incoming_call',
    callId: 'CALL_17637599232099',
    callerId: 'USR_123',
    callerName: 'Alice',
    callerAvatar: 'https://example.com/alice.png',
    callType: 'VIDEO',
    channelId: 'channel-1',
    expiresAt: expect.stringMatching(/^\d{13}$/),
  });
  expect(delivery).toMatchObject({ priority: 'high', collapse_key: 'call-1' });
  expect(ttlOf(delivery?.ttl)).toEqual(aTime(20_000, 40_000));
  expect(Number(data?.['expiresAt']) - received.at).toEqual(aTime(20_000, 40_000));
});

it('a stop is a data message that takes the place of its ring', async () => {
  await using line = await startPushLine();
  const token = line.standIn.newFcmToken();

  await line.send({ content: STOP, address: android(token), collapseKey: 'call-1' });

  expect(line.standIn.received()).toMatchObject([{ message: { token, android: { priority: 'high', collapse_key: 'call-1' } } }]);
  expect(line.standIn.received()[0]).toHaveProperty('message.data', {
    type: 'call_cancelled',
    callId: 'CALL_17637599232099',
    callerId: 'USR_123',
    reason: 'cancelled',
  });
});

it('an installation id is addressed as one, and an iPhone by APNs headers', async () => {
  await using line = await startPushLine();
  await line.send({ content: STOP, address: { provider: 'fcm', platform: 'ios', kind: 'fid', token: 'an-installation' } });
  expect(line.standIn.received()).toMatchObject([
    {
      kind: 'fid',
      target: 'an-installation',
      message: {
        apns: {
          headers: { 'apns-priority': '10', 'apns-push-type': 'alert', 'apns-collapse-id': 'CALL_17637599232099' },
          payload: { aps: { alert: { title: 'Call from Alice', body: 'The call is over' } } },
        },
      },
    },
  ]);
});

it.each(['token', 'fid'] as const)('a dead %s is told as gone', async (kind) => {
  await using line = await startPushLine();
  line.standIn.unregister('a-dead-one');
  const result = await line.send({ content: RING, address: { provider: 'fcm', platform: 'android', kind, token: 'a-dead-one' } });
  expect(result).toMatchObject({ outcome: 'target_gone', error: expect.stringMatching(/^messaging\/.*-not-registered: /) });
});

it.each([
  { status: 503, retryAfterSeconds: 7, outcome: 'retry', retryAfterMs: 7000 },
  { status: 503, outcome: 'retry', retryAfterMs: null },
  { status: 500, outcome: 'retry', retryAfterMs: null },
  { status: 429, retryAfterSeconds: 60, outcome: 'retry', retryAfterMs: 60_000 },
])('$status of FCM, Retry-After $retryAfterSeconds, is tried again later, and not by firebase-admin itself', async (answer) => {
  await using line = await startPushLine();
  const { outcome, retryAfterMs, ...script } = answer;
  line.standIn.script({ ...script, times: 10 });
  const result = await line.send({ content: RING, address: android('a-token') });
  expect(result).toMatchObject({ outcome, retryAfterMs });
  expect(line.standIn.attempts()).toHaveLength(1);
});

it.each<[string, { status: number; body: string }, string]>([
  ['unavailable', { status: 503, body: fcmError('UNAVAILABLE', 'Later') }, 'FCM answered 503: messaging/server-unavailable: Later'],
  ['broken', { status: 500, body: fcmError('INTERNAL', 'Ours') }, 'FCM answered 500: messaging/internal-error: Ours'],
  ['without a word', { status: 503, body: '' }, 'FCM answered 503: messaging/server-unavailable: '],
  ['with a page', { status: 502, body: '<html>Bad gateway</html>' }, 'FCM answered 502: messaging/unknown-error: '],
])('what FCM says of its outage is told: %s', async (_how, { status, body }, error) => {
  await using fcm = await startFcm((request, response) => request.resume().on('end', () => response.writeHead(status).end(body)));
  await using line = await startPushLine({ FCM_ENDPOINT: fcm.url });
  const result = await line.send({ content: RING, address: android('a-token') });
  expect(result).toMatchObject({ outcome: 'retry', error: expect.stringMatching(new RegExp(`^${error}`)) });
  expect(fcm.requests()).toBe(1);
});

it.each([
  ['none', '{}'],
  ['one that is no text', '{"name":5}'],
])('an acceptance whose id is %s is told without one', async (_which, body) => {
  await using fcm = await startFcm((request, response) => request.resume().on('end', () => response.end(body)));
  await using line = await startPushLine({ FCM_ENDPOINT: fcm.url });
  expect(await line.send({ content: RING, address: android('a-token') })).toMatchObject({ outcome: 'accepted', providerId: null });
});

it('what FCM says can be stored, whatever it says', async () => {
  const body = fcmError('INVALID_ARGUMENT', `\0${'x'.repeat(199)}😀 and more`);
  await using fcm = await startFcm((request, response) => request.resume().on('end', () => response.writeHead(400).end(body)));
  await using line = await startPushLine({ FCM_ENDPOINT: fcm.url });
  const result = await line.send({ content: RING, address: android('a-token') });
  expect(result).toMatchObject({ outcome: 'failed', error: expect.toSatisfy(isStorable) });
});

it('an outage whose words broke off is told by its status', async () => {
  await using fcm = await startFcm((request, response) => {
    response.writeHead(503, { 'content-length': '100' }).write('{"err');
    setTimeout(() => request.socket.resetAndDestroy(), 50);
  });
  await using line = await startPushLine({ FCM_ENDPOINT: fcm.url });
  expect(await line.send({ content: RING, address: android('a-token') })).toMatchObject({ outcome: 'retry', error: 'FCM answered 503' });
  expect(fcm.requests()).toBe(1);
});

it('a connection that breaks before an answer is told as what it was', async () => {
  await using fcm = await startFcm((request) => request.socket.resetAndDestroy());
  await using line = await startPushLine({ FCM_ENDPOINT: fcm.url });
  const result = await line.send({ content: RING, address: android('a-token') });
  expect(result).toMatchObject({ outcome: 'retry', error: expect.stringMatching(/^FCM did not answer: .*ECONNRESET/) });
  expect(fcm.requests()).toBe(1);
});

it('what was to be tried again is accepted under its next attempt', async () => {
  await using line = await startPushLine();
  line.standIn.script({ status: 503 });
  const id = line.door.put({ content: RING, address: android('a-token') });
  await line.enqueue([id]);
  await line.resultOf(id);
  await line.enqueue([id], 2);
  await vi.waitFor(() => expect(line.door.results).toHaveLength(2), PATIENCE);
  expect(line.door.results[1]).toMatchObject({ outcome: 'accepted', id, attempt: 2 });
  expect(line.standIn.attempts().map(({ status }) => status)).toEqual([503, 200]);
});

it.each([400, 401, 403])('%i of FCM is refused for good', async (status) => {
  await using line = await startPushLine();
  line.standIn.script({ status });
  expect(await line.send({ content: RING, address: android('a-token') })).toMatchObject({ outcome: 'failed' });
  expect(line.standIn.attempts()).toHaveLength(1);
});

it('data that FCM does not take is refused for good, with FCM’s words', async () => {
  await using line = await startPushLine();
  const content = { type: 'custom', name: null, title: null, body: null, data: { 'google.x': 'y' } } as const;
  const result = await line.send({ content, address: android('a-token') });
  expect(result).toMatchObject({ outcome: 'failed', error: 'messaging/invalid-argument: Invalid data payload key: google.x' });
});

it('a provider that is not there is tried again later', async () => {
  await using line = await startPushLine({ FCM_ENDPOINT: 'http://127.0.0.1:1' });
  const result = await line.send({ content: RING, address: android('a-token') });
  expect(result).toMatchObject({
    outcome: 'retry',
    retryAfterMs: null,
    error: 'FCM did not answer: connect ECONNREFUSED 127.0.0.1:1',
  });
});

it('a kept connection that closes under a request is no failure', async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (requests === 2) request.socket.resetAndDestroy();
    else request.resume().on('end', () => response.end(JSON.stringify({ name: `projects/p/messages/${requests}` })));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await using line = await startPushLine({ FCM_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await line.send({ content: RING, address: android('a-token') });
  expect(await line.send({ content: RING, address: android('a-token') })).toMatchObject({ providerId: 'projects/p/messages/3' });
  server.close();
  server.closeAllConnections();
});

it('one answer that never comes ends the idle connections too, which may be as dead', async () => {
  await using fcm = await startFcm(firstTogether(WARM, (response) => response.end(JSON.stringify({ name: 'projects/p/messages/1' }))));
  await using relay = await startFaultProxy(fcm.url);
  await using line = await startPushLine({ FCM_ENDPOINT: relay.url });
  const warming = Array.from({ length: WARM }, (_, index) => line.send({ content: RING, address: android(`warm-${index}`) }));
  expect(await Promise.all(warming)).toEqual(warming.map(() => expect.objectContaining({ outcome: 'accepted' })));
  relay.swallow();
  relay.pass();
  expect(await line.send({ content: RING, address: android('lost'), expiresInMs: 1000 })).toMatchObject({ outcome: 'retry' });
  expect(await line.send({ content: RING, address: android('next') })).toMatchObject({ outcome: 'accepted' });
});

it('a redirect may have a path of its own', async () => {
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url, request.headers.host);
    request.resume().on('end', () => response.end(JSON.stringify({ name: 'projects/p/messages/1' })));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await using line = await startPushLine({ FCM_ENDPOINT: `http://localhost:${port}/fcm/` });
  await line.send({ content: RING, address: android('a-token') });
  expect(paths).toEqual(['/fcm/v1/projects/trunkline-dev/messages:send', `localhost:${port}`]);
  server.close();
  server.closeAllConnections();
});

it.each([
  ['Malayalam', 'സ്ത്രീ '],
  ['Burmese', 'ကျွန်ုပ် '],
  ['Khmer', 'ស្ត្រី '],
  ['emoji', '👨‍👩‍👧‍👦'],
])('a long message in %s is not too big for an iPhone', async (_script, word) => {
  await using line = await startPushLine();
  const message = { chatId: 'chat-1', messageId: 'm-1', senderId: 'u-1', senderName: 'Bob', messageType: 'text', orderId: null };
  const content = PushContent.parse({ type: 'chat_message', ...message, text: word.repeat(400) });
  const address = { ...android('an-iphone'), platform: 'ios' } as const;
  expect(await line.send({ content, address })).toMatchObject({ outcome: 'accepted' });
});

it('a provider that is not set up is named in the result', async () => {
  await using line = await startPushLine({ FCM_ENDPOINT: '' });
  const result = await line.send({ content: RING, address: android('a-token') });
  expect(result).toMatchObject({ outcome: 'failed', error: 'FCM is not set up: FIREBASE_SERVICE_ACCOUNT is not set' });
});
