import { randomUUID } from 'node:crypto';
import { type System, startSystem } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let system: System;

beforeAll(async () => {
  system = await startSystem({ callServices: 2 });
});
afterAll(() => system[Symbol.asyncDispose]());

it('a command repeated under its requestId gets its first answer, also from another gateway, and changes nothing', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  await using callee = await system.connect(1, calleeId);
  await using again = await system.connect(0, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  await callee.hears('call:incoming');
  const accept = { callId: call?.id, requestId: 'accept-1' };
  const first = await callee.ask('call:accept', accept);
  await caller.ask('call:end', { callId: call?.id });
  expect(await again.ask('call:accept', accept)).toEqual(first);
  expect(await again.ask('call:end', accept)).toMatchObject({ ok: false, error: { code: 'conflict' } });
  expect(await again.ask('call:accept', { callId: call?.id, requestId: 'accept-2' })).toMatchObject({
    error: { code: 'invalid_status', status: 'ENDED' },
  });
});

it('two devices that count their requests alike are two: the one that came second is told which state won', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  await using phone = await system.connect(0, calleeId, { deviceId: 'phone' });
  await using tablet = await system.connect(1, calleeId, { deviceId: 'tablet' });
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  const accept = { callId: call?.id, requestId: '1' };
  const first = await phone.ask('call:accept', accept);
  expect(await tablet.ask('call:accept', accept)).toMatchObject({ ok: false, error: { code: 'invalid_status', status: 'CONNECTING' } });
  await using back = await system.connect(1, calleeId, { deviceId: 'phone' });
  expect(await back.ask('call:accept', accept)).toEqual(first);
});

it('many repetitions at once place one call', async () => {
  const calleeId = `callee-${randomUUID()}`;
  await using caller = await system.connect(0, `caller-${randomUUID()}`);
  const place = { receiverId: calleeId, requestId: 'place-1' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => caller.ask('call:initiate', place)));
  expect(new Set(answers.map(({ call }) => call?.id)).size).toBe(1);
  const rows = await system.database.query('SELECT FROM calls WHERE callee_id = $1', [calleeId]);
  expect(rows).toHaveLength(1);
});

it("another user's call id is a conflict", async () => {
  const callId = randomUUID();
  await using ann = await system.connect(0, `ann-${randomUUID()}`);
  await using eve = await system.connect(1, `eve-${randomUUID()}`);
  expect(await ann.ask('call:initiate', { receiverId: 'bob', callId })).toMatchObject({ ok: true });
  expect(await eve.ask('call:initiate', { receiverId: 'bob', callId })).toMatchObject({ ok: false, error: { code: 'conflict' } });
  expect(await eve.ask('call:initiate', { receiverId: 'bob', callId: 'history' })).toMatchObject({ error: { code: 'conflict' } });
});
