import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import { createRestClient, type Place, type RestAnswer, type RestClient, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PushSystem, startPushSystem } from './push-system.ts';
import { connectTwo, ring, type TwoPhones } from './two-phones.ts';

const KEY = 'the-server-key-of-tests-only';

const settings = {
  SERVER_API_KEYS: KEY,
  CALLER_GRACE_SECONDS: '1',
  UNREACHABLE_GRACE_SECONDS: '1',
  CONNECT_TIMEOUT_SECONDS: '3',
};

let system: System;
let server: RestClient;

const serverOf = ({ callServices }: System, key: string | null = KEY): RestClient => createRestClient(callServices[0]?.url as string, key);

beforeAll(async () => {
  system = await startSystem({ settings });
  server = serverOf(system);
});
afterAll(() => system[Symbol.asyncDispose]());

type Trace = RestAnswer['body'];

/** The trace of a call, once it is over and gateways have reported what they wrote. */
const traceOf = async (callId: string, isWhole: (trace: Trace) => boolean = () => true): Promise<Trace> =>
  until(`the trace of ${callId} is whole`, async () => {
    const { body } = await server.get(`/v1/server/calls/${callId}/trace`);
    return isWhole(body) && body.endedAt !== null && body;
  });

/** What happened on one device, in order. */
const stepsOn = (trace: Trace, deviceId: string | null): string[] =>
  (trace.devices.find((device: Trace) => device.deviceId === deviceId)?.steps ?? []).map(({ kind }: Trace) => kind);

const ringing = async (place?: Partial<Place>): Promise<TwoPhones & { callId: string }> => {
  await using connecting = new AsyncDisposableStack();
  const phones = connecting.use(await connectTwo(system, ['onlycare', 'otomo']));
  const { callId } = await ring(phones, place);
  connecting.move();
  return { ...phones, callId, [Symbol.asyncDispose]: () => phones[Symbol.asyncDispose]() };
};

const wasRung = (trace: Trace): boolean => trace.steps.some(({ kind }: Trace) => kind === 'ring_sent');

describe.concurrent('a call that rang is told with its verdict', () => {
  it('answered, device by device', async () => {
    await using call = await ringing();
    await using other = await call.connect('chattrix-ws', 0, call.callee.userId);
    await other.hears('incoming', call.callId);
    await call.callee.acknowledge(call.callId);
    await call.callee.accept(call.callId);
    await call.caller.end(call.callId);
    const trace = await traceOf(call.callId, (told) =>
      [other, call.callee].every(({ deviceId }) => stepsOn(told, deviceId).includes('stop_sent')),
    );
    expect(trace).toMatchObject({ verdict: 'answered', reach: 'shown', state: 'ENDED', says: 'The callee accepted.' });
    expect(stepsOn(trace, call.caller.deviceId)).toEqual(['call_placed', 'call_ended']);
    expect(stepsOn(trace, other.deviceId).slice(0, 2)).toEqual(['ring_sent', 'stop_sent']);
    expect(stepsOn(trace, call.callee.deviceId)).toEqual(
      expect.arrayContaining(['ring_sent', 'ring_acknowledged', 'call_accepted', 'stop_sent']),
    );
    for (const { sinceMs } of trace.steps) expect(sinceMs).toBeGreaterThanOrEqual(0);
  });

  it('declined', async () => {
    await using call = await ringing();
    await call.callee.reject(call.callId, 'busy');
    expect(await traceOf(call.callId)).toMatchObject({ verdict: 'declined', reason: 'busy' });
  });

  it('cancelled', async () => {
    await using call = await ringing();
    await call.caller.cancel(call.callId);
    expect(await traceOf(call.callId)).toMatchObject({ verdict: 'cancelled', reach: 'written' });
  });

  it('caller_lost', async () => {
    await using call = await ringing();
    await call.caller[Symbol.asyncDispose]();
    expect(await traceOf(call.callId)).toMatchObject({ verdict: 'caller_lost', reason: 'caller_lost' });
  });

  it('callee_lost', async () => {
    await using call = await ringing();
    await call.callee[Symbol.asyncDispose]();
    expect(await traceOf(call.callId, wasRung)).toMatchObject({ verdict: 'callee_lost', reason: 'offline' });
  });

  it('connect_failed', async () => {
    await using call = await ringing();
    await call.callee.accept(call.callId);
    expect(await traceOf(call.callId)).toMatchObject({ verdict: 'connect_failed', state: 'FAILED' });
  });

  it('written_not_shown', async () => {
    await using call = await ringing({ ringTimeoutSeconds: 5 });
    expect(await traceOf(call.callId, wasRung)).toMatchObject({ verdict: 'written_not_shown', reach: 'written', state: 'MISSED' });
  });

  it('shown_not_answered', async () => {
    await using call = await ringing({ ringTimeoutSeconds: 5 });
    await call.callee.acknowledge(call.callId);
    expect(await traceOf(call.callId)).toMatchObject({ verdict: 'shown_not_answered', reach: 'shown', state: 'MISSED' });
  });

  it('and is ringing until then, also under the id that a glare gave it', async () => {
    await using call = await ringing();
    const { body } = await server.get(`/v1/server/calls/${call.callId}/trace`);
    expect(body).toMatchObject({ verdict: 'ringing', endedAt: null });
    const alias = `alias-${randomUUID()}`;
    await call.callee.place({ calleeId: call.caller.userId, callId: alias });
    expect((await server.get(`/v1/server/calls/${alias}/trace`)).body).toMatchObject({ callId: call.callId, verdict: 'answered' });
  });
});

describe('a call that never rang is told with its verdict', () => {
  const place = async (calleeId: string): Promise<string> => {
    await using caller = await system.phone('onlycare', 0, `caller-${randomUUID()}`);
    const callId = `call-${randomUUID()}`;
    await caller.place({ calleeId, callId });
    await until('it is over', async () => (await server.get(`/v1/server/calls/${callId}/trace`)).body.endedAt);
    return callId;
  };

  it('no_device', async () => {
    expect(await traceOf(await place(`nobody-${randomUUID()}`))).toMatchObject({
      verdict: 'no_device',
      reach: 'nowhere',
      reason: 'offline',
    });
  });

  it('busy', async () => {
    await using call = await ringing();
    expect(await traceOf(await place(call.callee.userId))).toMatchObject({ verdict: 'busy', reach: 'nowhere' });
  });

  it('blocked', async () => {
    const blocker = `blocker-${randomUUID()}`;
    await using caller = await system.phone('onlycare', 0, `caller-${randomUUID()}`);
    const rest = await system.rest(blocker);
    await rest.request('PUT', `/api/v1/users/me/blocks/${caller.userId}`);
    const callId = `call-${randomUUID()}`;
    await caller.place({ calleeId: blocker, callId });
    expect(await traceOf(callId)).toMatchObject({ verdict: 'blocked', reach: 'nowhere' });
  });

  it('not_delivered: the callee was connected, and Redis was away', async () => {
    await using redis = await startRedis({ env: {}, dataFolder: null, report: () => undefined });
    await using cutOff = await startSystem({ settings: { ...settings, REDIS_URL: redis.url } });
    await using callee = await cutOff.phone('onlycare', 1, `callee-${randomUUID()}`);
    await using caller = await cutOff.phone('onlycare', 0, `caller-${randomUUID()}`);
    const isKnown = async (): Promise<boolean> =>
      (await cutOff.database.query('SELECT FROM sessions WHERE user_id = $1', [callee.userId])).length > 0;
    await until('the callee is known to be connected', isKnown);
    await redis[Symbol.asyncDispose]();
    const callId = `call-${randomUUID()}`;
    expect(await caller.place({ calleeId: callee.userId, callId, ringTimeoutSeconds: 5 })).toMatchObject({ ok: true });
    const trace = await until('it is over', async () => {
      const { body } = await serverOf(cutOff).get(`/v1/server/calls/${callId}/trace`);
      return body.endedAt !== null && body;
    });
    expect(trace).toMatchObject({ verdict: 'not_delivered', reach: 'nowhere', state: 'MISSED' });
  });
});

describe('a call that was to ring by push is told with its verdict', () => {
  let world: PushSystem;

  beforeAll(async () => {
    world = await startPushSystem({ settings: { UNREACHABLE_GRACE_SECONDS: '1' } });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Somebody who has no connection is called, and the call is over. */
  const called = async (calleeId: string, ringTimeoutSeconds = 5): Promise<Trace> => {
    await using caller = await world.system.phone('onlycare', 0, `caller-${randomUUID()}`);
    const callId = `call-${randomUUID()}`;
    await caller.place({ calleeId, callId, ringTimeoutSeconds });
    const isOver = async (): Promise<Trace> => {
      const { body } = await world.backend.get(`/v1/server/calls/${callId}/trace`);
      return body.endedAt !== null && body;
    };
    return await until(`${callId} is over`, isOver, 40_000);
  };

  /** The pushes of the ring, without those of its stop. */
  const pushesOfRing = (trace: Trace): string[] =>
    trace.steps.filter(({ detail }: Trace) => detail?.type === 'incoming_call').map(({ kind }: Trace) => kind);

  it('token_dead: the app was removed', async () => {
    const callee = `removed-${randomUUID()}`;
    world.standIn.unregister(await world.fcm(callee, 'phone'));
    const trace = await called(callee);
    expect(trace).toMatchObject({ verdict: 'token_dead', reach: 'push_target_gone', reason: 'offline' });
    expect(pushesOfRing(trace)).toEqual(expect.arrayContaining(['push_queued', 'push_failed']));
    expect(pushesOfRing(trace)).not.toContain('push_accepted');
  });

  it('token_dead: the browser forgot its subscription, and the app was removed', async () => {
    const callee = `forgotten-${randomUUID()}`;
    world.standIn.unregister((await world.browser(callee, 'laptop')).endpoint);
    world.standIn.unregister(await world.fcm(callee, 'phone'));
    expect(await called(callee)).toMatchObject({ verdict: 'token_dead', reach: 'push_target_gone' });
  });

  it('push_accepted_never_woke: one of two targets is there, and sleeps', async () => {
    const callee = `asleep-${randomUUID()}`;
    world.standIn.unregister(await world.fcm(callee, 'tablet'));
    await world.fcm(callee, 'phone');
    const trace = await called(callee);
    expect(trace).toMatchObject({ verdict: 'push_accepted_never_woke', reach: 'push_accepted', state: 'MISSED' });
    expect(stepsOn(trace, 'phone')).toEqual(expect.arrayContaining(['push_queued', 'push_accepted']));
  });

  it('push_failed: the provider refuses it', async () => {
    const callee = `refused-${randomUUID()}`;
    // At once, and again at half of the ring.
    world.standIn.script({ target: await world.fcm(callee, 'phone'), status: 400, times: 2 });
    expect(await called(callee)).toMatchObject({ verdict: 'push_failed', reach: 'push_failed' });
  });

  it('written_not_shown: the phone woke up, connected, and never said that it shows the ring', async () => {
    const callee = `woken-${randomUUID()}`;
    const token = await world.fcm(callee, 'phone');
    const over = called(callee, 12);
    await world.arrives(token, 'incoming_call');
    await using phone = await world.system.phone('onlycare', 1, callee, { deviceId: 'phone' });
    const trace = await over;
    expect(trace).toMatchObject({ verdict: 'written_not_shown', reach: 'written' });
    expect(stepsOn(trace, phone.deviceId)).toEqual(expect.arrayContaining(['push_queued', 'push_accepted', 'ring_sent']));
    const { ways } = (await world.backend.get('/v1/server/stats')).body;
    expect(ways.map(({ platform, provider }: Record<string, string>) => [platform, provider])).toContainEqual(['android', 'fcm']);
    expect(ways.find(({ platform }: Record<string, string>) => platform === 'android').woke.calls).toBe(1);
  });
});

describe('the door', () => {
  it('is closed to users, to strangers, and to who guesses', async () => {
    const user = await system.rest('ana');
    const strangers = [serverOf(system, null), serverOf(system, 'wrong'), serverOf(system, system.internalToken), user];
    for (const stranger of strangers) {
      for (const path of ['/v1/server/calls/x/trace', '/v1/server/stats']) {
        expect(await stranger.get(path)).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated' } } });
      }
    }
  });

  it('says what there is not, and what it does not understand', async () => {
    for (const callId of ['none', '%00', 'a b']) {
      const answer = await server.get(`/v1/server/calls/${callId}/trace`);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'call_not_found' } } });
    }
    for (const minutes of ['0', '1441', 'x']) {
      expect(await server.get(`/v1/server/stats?minutes=${minutes}`)).toMatchObject({
        status: 400,
        body: { error: { code: 'parse_error' } },
      });
    }
  });
});

it('how calls went is counted by verdict', async () => {
  await using call = await ringing();
  await call.callee.reject(call.callId);
  await traceOf(call.callId);
  const { body } = await server.get('/v1/server/stats?minutes=5');
  expect(body).toMatchObject({
    minutes: 5,
    isSample: false,
    verdicts: { declined: { calls: expect.any(Number), share: expect.any(Number) } },
  });
  const shares = Object.values<{ calls: number; share: number }>(body.verdicts);
  expect(shares.reduce((sum, { calls }) => sum + calls, 0)).toBe(body.calls);
  expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  const [{ count } = { count: 0 }] = await system.database.query<{ count: number }>('SELECT count(*)::int FROM calls');
  expect(body.calls).toBe(count);
  const socket = body.ways.find(({ platform }: Record<string, string>) => platform === 'socket');
  expect(socket).toMatchObject({ provider: null, reached: { calls: socket.rings, share: 1 }, woke: { calls: expect.any(Number) } });
});
