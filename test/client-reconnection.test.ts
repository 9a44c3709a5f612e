import { randomUUID } from 'node:crypto';
import { type FaultProxy, type System, startFaultProxy, startSystem, until } from '@trunkline/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ClientPhone, clientPhone, ringBetween } from './client-phones.ts';

const PATIENCE_MS = 60_000;

let system: System;
let open: DisposableStack;

const phone = async (gateways: readonly number[], name: string, options: Parameters<typeof clientPhone>[3] = {}): Promise<ClientPhone> => {
  const made = open.use(await clientPhone(system, gateways, `${name}-${randomUUID()}`, { claims: { deviceId: randomUUID() }, ...options }));
  await made.connected();
  return made;
};

const rowsOf = (sql: string, callId: string) => system.database.query(sql, [callId]);
const stateOf = async (callId: string): Promise<string> =>
  ((await rowsOf('SELECT state FROM calls WHERE id = $1', callId)) as { state: string }[])[0]?.state ?? 'none';
const traceOf = async (callId: string, kind: string): Promise<number> =>
  (await system.database.query('SELECT FROM call_trace WHERE call_id = $1 AND kind = $2', [callId, kind])).length;

beforeAll(async () => {
  system = await startSystem({ gateways: 2, asProcesses: ['socket-gateway'] });
});
afterAll(() => system[Symbol.asyncDispose]());
beforeEach(() => {
  open = new DisposableStack();
});
afterEach(() => open.dispose());

describe('a gateway that is killed in mid-ring', { timeout: PATIENCE_MS }, () => {
  afterEach(async () => {
    for (const gateway of [0, 1]) {
      await system.process('socket-gateway', gateway).kill();
      await system.process('socket-gateway', gateway).start();
    }
  });

  it('on the side of the caller: it comes back through the other one and hears the answer once', async () => {
    const caller = await phone([0, 1], 'caller');
    const callee = await phone([1], 'callee');
    const { out, incoming } = await ringBetween(caller, callee);
    await system.process('socket-gateway', 0).kill();
    await until('the caller noticed', () => caller.client.connection.status !== 'connected');
    await incoming.accept();
    await until('the caller hears it', () => out.state === 'CONNECTING');
    expect(caller.client.connection).toMatchObject({ status: 'connected', url: system.gateways[1]?.url });
    const ended = await out.end();
    expect(await incoming.finished).toEqual(ended);
    expect(caller.namesFor(out.id)).toEqual(['ringing', 'accepted', 'ended']);
  });

  it('on the side of the callee: it comes back, rings on as the same ring, and declines', async () => {
    const caller = await phone([1], 'caller');
    const callee = await phone([0, 1], 'callee');
    const { out, incoming } = await ringBetween(caller, callee);
    await system.process('socket-gateway', 0).kill();
    await until('the callee noticed', () => callee.client.connection.status !== 'connected');
    expect(incoming.isRinging).toBe(true);
    await callee.connected();
    expect(incoming.isRinging).toBe(true);
    await incoming.reject('Later');
    expect(await out.finished).toMatchObject({ state: 'REJECTED', reason: 'Later' });
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'rejected']);
  });

  it('on both sides, and the call still ends the same', async () => {
    const caller = await phone([0, 1], 'caller');
    const callee = await phone([0, 1], 'callee');
    const { out, incoming } = await ringBetween(caller, callee);
    await system.process('socket-gateway', 0).kill();
    await incoming.accept();
    await until('the caller hears it', () => out.state === 'CONNECTING');
    const ended = await incoming.end();
    expect(await out.finished).toEqual(ended);
    expect([caller.namesFor(out.id), callee.namesFor(out.id)]).toEqual([
      ['ringing', 'accepted', 'ended'],
      ['incoming', 'stopped', 'accepted', 'ended'],
    ]);
  });

  it('with an accept on its way: it is given again under the same name, and answered once', async () => {
    const caller = await phone([1], 'caller');
    const callee = await phone([0, 1], 'callee');
    const { out, incoming } = await ringBetween(caller, callee);
    const accepting = incoming.accept();
    await system.process('socket-gateway', 0).kill();
    await accepting;
    expect([incoming.state, await traceOf(out.id, 'call_accepted')]).toEqual(['CONNECTING', 1]);
    await out.end();
    await incoming.finished;
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'accepted', 'ended']);
  });

  it('and nobody left to connect to: a call that ended meanwhile is told to have ended, once', async () => {
    const caller = await phone([1], 'caller');
    const callee = await phone([0], 'callee');
    const { out, incoming } = await ringBetween(caller, callee);
    await system.process('socket-gateway', 0).kill();
    await out.cancel('Never mind');
    await system.process('socket-gateway', 0).start();
    expect(await incoming.finished).toMatchObject({ state: 'CANCELLED', event: 'cancelled' });
    await callee.connected();
    await callee.client.presence([caller.userId]);
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'cancelled']);
  });
});

describe('a network in the way', { timeout: PATIENCE_MS }, () => {
  let relay: FaultProxy;

  beforeEach(async () => {
    relay = await startFaultProxy(system.gateways[0]?.url as string);
  });
  afterEach(() => relay[Symbol.asyncDispose]());

  it('an answer that was lost is asked for again, and nothing happens twice', async () => {
    const caller = await phone([0], 'caller', { url: relay.url });
    const callee = await phone([1], 'callee');
    relay.loseAnswers();
    const out = caller.client.place(callee.userId);
    const incoming = await callee.rings(out.id);
    relay.refuse();
    relay.pass();
    await out.placed;
    await until('the caller hears it ring', () => out.state === 'RINGING');
    expect([await traceOf(out.id, 'call_placed'), out.state]).toEqual([1, 'RINGING']);
    relay.loseAnswers();
    const cancelling = out.cancel('Never mind');
    expect(await incoming.finished).toMatchObject({ state: 'CANCELLED', reason: 'Never mind' });
    relay.refuse();
    relay.pass();
    expect(await cancelling).toMatchObject({ state: 'CANCELLED', reason: 'Never mind' });
    expect(await traceOf(out.id, 'call_cancelled')).toBe(1);
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'cancelled']);
  });

  it('a connection that stays open and answers nothing is given up for another', async () => {
    const caller = await phone([0], 'caller', { url: [relay.url, system.gateways[1]?.url as string], ackTimeoutMs: 1500 });
    const callee = await phone([1], 'callee');
    relay.swallow();
    // Before the heartbeat finds out, after half a minute.
    const out = caller.client.place(callee.userId, { timeoutMs: 20_000 });
    await out.placed;
    expect(caller.client.connection).toMatchObject({ status: 'connected', url: system.gateways[1]?.url });
    await out.end();
    relay.pass();
  });

  it('a ring stops by itself when its time is over, with the network cut', async () => {
    const caller = await phone([1], 'caller');
    const callee = await phone([0], 'callee', { url: relay.url });
    const { out, incoming } = await ringBetween(caller, callee, { ringTimeoutSeconds: 5 });
    relay.refuse();
    expect(await incoming.finished).toMatchObject({ state: 'MISSED', event: 'timeout' });
    expect([incoming.isRinging, callee.client.connection.status === 'connected']).toEqual([false, false]);
    await out.finished;
    relay.pass();
    await callee.connected();
    await callee.client.presence([caller.userId]);
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'timeout']);
  });

  it('what is asked without a connection is done when there is one', async () => {
    const caller = await phone([0], 'caller', { url: relay.url });
    const callee = await phone([1], 'callee');
    relay.refuse();
    await until('the caller is cut off', () => caller.client.connection.status !== 'connected');
    const withdrawn = caller.client.place(callee.userId);
    expect(await withdrawn.cancel()).toMatchObject({ state: 'CANCELLED' });
    const late = caller.client.place(callee.userId, { timeoutMs: 50 });
    await expect(late.placed).rejects.toMatchObject({ code: 'timed_out', wasSent: false });
    expect(await late.finished).toMatchObject({ state: 'FAILED', event: 'failed' });
    const kept = caller.client.place(callee.userId);
    relay.pass();
    const incoming = await callee.rings(kept.id);
    relay.refuse();
    await until('the caller is cut off', () => caller.client.connection.status !== 'connected');
    const ending = kept.end();
    relay.pass();
    expect(await ending).toMatchObject({ state: 'CANCELLED' });
    await incoming.finished;
    expect([await stateOf(withdrawn.id), await stateOf(late.id), await stateOf(kept.id)]).toEqual(['none', 'none', 'CANCELLED']);
  });

  it('a stop that the network lost is told after coming back, once', async () => {
    const caller = await phone([1], 'caller');
    const callee = await phone([0], 'callee', { url: relay.url });
    const { out, incoming } = await ringBetween(caller, callee);
    relay.loseAnswers();
    await out.cancel('Never mind');
    expect(incoming.isRinging).toBe(true);
    relay.refuse();
    relay.pass();
    expect(await incoming.finished).toMatchObject({ state: 'CANCELLED', event: 'cancelled' });
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'cancelled']);
  });

  it('a stop that the server takes for told, since another tab heard it, is found out after coming back', async () => {
    const nameless = { claims: {} };
    const caller = await phone([1], 'caller');
    const callee = await phone([0], 'callee', { ...nameless, url: relay.url });
    const tab = open.use(await clientPhone(system, [1], callee.userId, nameless));
    await tab.connected();
    const { out, incoming } = await ringBetween(caller, callee);
    const onTab = await tab.rings(out.id);
    relay.loseAnswers();
    await out.cancel('Never mind');
    await onTab.finished;
    await until('the stop is known to be heard', async () => (await traceOf(out.id, 'stop_sent')) > 0);
    expect(incoming.isRinging).toBe(true);
    relay.refuse();
    relay.pass();
    expect(await incoming.finished).toMatchObject({ state: 'CANCELLED', event: 'cancelled' });
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'cancelled']);
  });

  it('an accept whose answer was lost for longer than it is tried is this device’s when the network is back', async () => {
    const caller = await phone([1], 'caller');
    const callee = await phone([0], 'callee', { url: relay.url, commandTimeoutMs: 2000 });
    const { out, incoming } = await ringBetween(caller, callee);
    relay.loseAnswers();
    const accepting = incoming.accept();
    await until('the caller hears it', () => out.state === 'CONNECTING');
    await expect(accepting).rejects.toMatchObject({ code: 'timed_out', wasSent: true });
    relay.refuse();
    relay.pass();
    await until('the callee knows that it answered', () => incoming.state === 'CONNECTING');
    expect(await traceOf(out.id, 'call_accepted')).toBe(1);
    await incoming.end();
    expect(await out.finished).toMatchObject({ state: 'ENDED', endedBy: callee.userId });
    expect(callee.namesFor(out.id)).toEqual(['incoming', 'stopped', 'accepted', 'ended']);
  });

  it('a place that got no answer in time is taken back', async () => {
    const caller = await phone([0], 'caller', { url: relay.url });
    const callee = await phone([1], 'callee');
    relay.loseAnswers();
    const out = caller.client.place(callee.userId, { timeoutMs: 2000 });
    const incoming = await callee.rings(out.id);
    relay.refuse();
    expect(await out.finished).toMatchObject({ state: 'FAILED', reason: 'timed_out', error: { wasSent: true } });
    relay.pass();
    expect(await incoming.finished).toMatchObject({ state: 'CANCELLED' });
  });
});
