import { randomUUID } from 'node:crypto';
import {
  createRestClient,
  type ReceivedWebhook,
  type System,
  startSystem,
  startWebhookReceiver,
  TEST_WEBHOOK_SECRET,
  until,
  type WebhookReceiver,
} from '@trunkline/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTwo } from './two-phones.ts';

const KEY = 'the-server-key-of-tests-only';

const settingsFor = (url: string) => ({
  SERVER_API_KEYS: KEY,
  PRE_RING_HOOK_URL: url,
  WEBHOOK_SECRET: TEST_WEBHOOK_SECRET,
  UNREACHABLE_GRACE_SECONDS: '1',
});

const say =
  (answer: object) =>
  (_received: ReceivedWebhook, response: { end(text: string): unknown }): void =>
    void response.end(JSON.stringify(answer));

let hook: WebhookReceiver;
let system: System;

const askedAbout = (callerId: string): ReceivedWebhook[] => hook.received.filter(({ data }) => data.callerId === callerId);

const callsOf = (callerId: string) => system.database.query('SELECT id FROM calls WHERE caller_id = $1', [callerId]);

beforeAll(async () => {
  hook = await startWebhookReceiver();
  system = await startSystem({ callServices: 2, settings: settingsFor(hook.url) });
});
afterAll(async () => {
  await system[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});
beforeEach(() => hook.answerWith(say({ action: 'allow' })));

it('is asked before the call is there, signed, and an allowed call rings', async () => {
  await using phones = await connectTwo(system, ['onlycare', 'otomo']);
  const callerId = phones.caller.userId;
  let atAsking: unknown[] | null = null;
  hook.answerWith((received, response) => {
    void callsOf(callerId).then((rows) => {
      atAsking = rows;
      say({ action: 'allow' })(received, response);
    });
  });
  const callId = `call-${randomUUID()}`;
  expect(await phones.caller.place({ calleeId: phones.callee.userId, callId, callType: 'VIDEO' })).toMatchObject({ ok: true });
  await phones.callee.hears('incoming', callId);
  expect(atAsking).toEqual([]);
  expect(askedAbout(callerId)).toMatchObject([
    {
      type: 'call.pre_ring',
      isSigned: true,
      data: {
        callId,
        callerId,
        callerName: 'Ann',
        callerRole: null,
        callerDeviceId: phones.caller.deviceId,
        calleeId: phones.callee.userId,
        callType: 'VIDEO',
        channelId: callId,
        dialect: 'onlycare',
      },
    },
  ]);
});

it('denies with a reason that the caller reads, and nothing is placed; sent again it is not asked again', async () => {
  hook.answerWith(say({ action: 'deny', reason: 'No credit left' }));
  await using phones = await connectTwo(system, ['onlycare', 'otomo']);
  const callerId = phones.caller.userId;
  const place = { calleeId: phones.callee.userId, callId: `call-${randomUUID()}` };
  const refused = { ok: false, code: 'unauthorized' };
  expect(await phones.caller.place(place)).toMatchObject(refused);
  const rest = await system.rest(callerId);
  const key = { 'idempotency-key': randomUUID() };
  const overRest = await rest.post('/api/v1/calls/initiate', { calleeId: phones.callee.userId }, key);
  expect([overRest.status, overRest.body.message]).toEqual([403, 'No credit left']);
  expect(await callsOf(callerId)).toEqual([]);
  expect(askedAbout(callerId)).toHaveLength(2);

  hook.answerWith(say({ action: 'allow' }));
  expect(await phones.caller.place(place)).toMatchObject(refused);
  const again = await (await system.rest(callerId, {}, 1)).post('/api/v1/calls/initiate', { calleeId: phones.callee.userId }, key);
  expect([again.status, again.body.message]).toEqual([403, 'No credit left']);
  expect(askedAbout(callerId)).toHaveLength(2);
});

it.each<[string, object, string]>([
  ['is too long', { reason: 'x'.repeat(300) }, 'x'.repeat(200)],
  ['is null', { reason: null }, 'This call is not allowed'],
  ['is empty', { reason: '' }, 'This call is not allowed'],
  ['is missing', {}, 'This call is not allowed'],
  ['has company that nobody knows', { reason: 'No credit left', code: 7 }, 'No credit left'],
])('an open gate keeps a deny whose reason %s', async (_what, said, words) => {
  hook.answerWith(say({ action: 'deny', ...said }));
  const callerId = `caller-${randomUUID()}`;
  const { status, body } = await (await system.rest(callerId)).post('/api/v1/calls/initiate', { calleeId: 'bob' });
  expect([status, body.message]).toEqual([403, words]);
  expect(await callsOf(callerId)).toEqual([]);
});

it('an allowed place that is sent again is not asked about again', async () => {
  const callerId = `caller-${randomUUID()}`;
  const rest = await system.rest(callerId);
  const body = { calleeId: `callee-${randomUUID()}`, callId: `call-${randomUUID()}` };
  for (let times = 0; times < 3; times += 1) expect((await rest.post('/api/v1/calls/initiate', body)).status).toBe(201);
  expect(askedAbout(callerId)).toHaveLength(1);
});

it('silence: the call is placed and reaches nobody, and its trace says why', async () => {
  hook.answerWith(say({ action: 'silence' }));
  await using phones = await connectTwo(system, ['otomo', 'onlycare']);
  const callId = `call-${randomUUID()}`;
  expect(await phones.caller.place({ calleeId: phones.callee.userId, callId })).toMatchObject({ ok: true, status: 'INITIATING' });
  await phones.caller.hears('rejected', callId);
  expect(phones.callee.heard).toEqual([]);
  const { body } = await createRestClient(system.callServices[0]?.url as string, KEY).get(`/v1/server/calls/${callId}/trace`);
  expect(body).toMatchObject({ verdict: 'blocked', reason: 'offline', reach: 'nowhere' });
  expect(body.steps.find(({ kind }: { kind: string }) => kind === 'blocked').detail).toEqual({ by: 'pre_ring_hook' });
});

it('what the backend places itself is not asked about', async () => {
  hook.answerWith(say({ action: 'deny' }));
  const callerId = `caller-${randomUUID()}`;
  const server = createRestClient(system.callServices[0]?.url as string, KEY);
  expect((await server.post('/v1/server/calls', { callerId, calleeId: 'bob' })).status).toBe(201);
  expect(askedAbout(callerId)).toEqual([]);
});

// All of it within the half second that the hook is given: a machine that is too busy gets another try, with other people.
it('places that wait for the hook delay nobody else’s commands', { retry: 3 }, async () => {
  await using phones = await connectTwo(system, ['onlycare', 'otomo']);
  const callId = `call-${randomUUID()}`;
  await phones.caller.place({ calleeId: phones.callee.userId, callId });
  await phones.callee.hears('incoming', callId);
  const callers = await Promise.all(
    Array.from({ length: 4 }, (_, index) => phones.connect('onlycare', 0, `slow-${index}-${randomUUID()}`)),
  );
  hook.answerWith(() => undefined);
  const order: string[] = [];
  const places: Promise<unknown>[] = [];
  // One after another, so that no two of them travel together: as many requests are under way as a gateway sends at once.
  for (const caller of callers) {
    places.push(caller.place({ calleeId: `callee-${randomUUID()}` }).finally(() => order.push('place')));
    await until('it is asked about', () => askedAbout(caller.userId).length === 1);
  }
  expect(await phones.caller.cancel(callId)).toMatchObject({ ok: true });
  order.push('cancel');
  // No answer, and the gate is open.
  expect(await Promise.all(places)).toMatchObject(callers.map(() => ({ ok: true })));
  expect(order).toEqual(['cancel', 'place', 'place', 'place', 'place']);
});

describe('without an answer that makes sense', () => {
  const answers: Readonly<Record<string, Parameters<WebhookReceiver['answerWith']>[0]>> = {
    'an error': (_received, response) => void response.writeHead(500).end(JSON.stringify({ action: 'deny' })),
    'no JSON': (_received, response) => void response.end('allow'),
    'an unknown action': say({ action: 'maybe' }),
    'a redirect': (_received, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
    'more than is read': (_received, response) => void response.end(JSON.stringify({ action: 'deny', more: 'x'.repeat(20_000) })),
    'nothing at all': () => undefined,
  };

  it.each(Object.keys(answers))('%s: an open gate lets the call ring', async (name) => {
    hook.answerWith(answers[name] as (typeof answers)[string]);
    const rest = await system.rest(`caller-${randomUUID()}`);
    expect((await rest.post('/api/v1/calls/initiate', { calleeId: 'bob' })).status).toBe(201);
  });

  it('a closed gate refuses, and what it refused may be tried again', async () => {
    await using closed = await startSystem({ gateways: 0, settings: { ...settingsFor(hook.url), PRE_RING_HOOK_FAIL: 'closed' } });
    const rest = await closed.rest('ann');
    const body = { calleeId: 'bob', callId: `call-${randomUUID()}` };
    for (const [name, answer] of Object.entries(answers)) {
      hook.answerWith(answer);
      expect([name, (await rest.post('/api/v1/calls/initiate', body)).status]).toEqual([name, 500]);
    }
    expect(await closed.database.query('SELECT id FROM calls')).toEqual([]);
    hook.answerWith(say({ action: 'allow' }));
    expect((await rest.post('/api/v1/calls/initiate', body)).status).toBe(201);
  });
});
