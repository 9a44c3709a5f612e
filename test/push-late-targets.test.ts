import { randomUUID } from 'node:crypto';
import { until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataOf, type PushSystem, startPushSystem } from './push-system.ts';

let world: PushSystem;

beforeAll(async () => {
  world = await startPushSystem();
});
afterAll(() => world[Symbol.asyncDispose]());

const callSomebody = async () => {
  const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
  const caller = await world.system.connect(0, ann);
  return { bob, caller, place: async () => (await caller.ask('call:initiate', { receiverId: bob, ringTimeoutSeconds: 30 })).call?.id };
};

it('a device that is registered while it rings rings with the time that is left, and is stopped', async () => {
  const { bob, caller, place } = await callSomebody();
  await using _caller = caller;
  const callId = await place();
  const token = await world.fcm(bob, 'phone');
  const ring = await world.arrives(token, 'incoming_call');
  expect(dataOf(ring)).toMatchObject({ callId });
  if (ring.provider !== 'fcm') throw new Error('a token got no FCM push');
  expect(Number.parseFloat(ring.message.android?.ttl ?? '')).toBeLessThanOrEqual(30);
  await caller.hears('call:ringing');
  const { endpoint } = await world.browser(bob, 'browser');
  await world.arrives(endpoint, 'incoming_call');
  await caller.ask('call:cancel', { callId });
  await world.arrives(endpoint, 'missed_call');
  await world.arrives(token, 'missed_call');
  expect([world.typesAt(token), world.typesAt(endpoint)]).toEqual(Array(2).fill(['incoming_call', 'call_cancelled', 'missed_call']));
});

it('an app whose token had been replaced rings under its new one', async () => {
  const { bob, caller, place } = await callSomebody();
  await using _caller = caller;
  const dead = await world.fcm(bob, 'phone');
  world.standIn.unregister(dead);
  const callId = await place();
  const left = () => world.system.database.query('SELECT FROM push_targets WHERE address = $1', [dead]);
  await until('the dead token is removed', async () => (await left()).length === 0);
  const token = await world.fcm(bob, 'phone');
  expect(dataOf(await world.arrives(token, 'incoming_call'))).toMatchObject({ callId });
  await caller.hears('call:ringing');
});
