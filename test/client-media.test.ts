import { randomUUID } from 'node:crypto';
import { type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientPhone, ringBetween } from './client-phones.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { TURN_URLS: 'turn:turn.example', TURN_SECRET: 'the secret of the TURN servers' } });
});
afterAll(() => system[Symbol.asyncDispose]());

it('each side of an accepted call asks for its own media credentials, and gets them while it lives', async () => {
  using caller = await clientPhone(system, [0], `caller-${randomUUID()}`);
  using callee = await clientPhone(system, [1], `callee-${randomUUID()}`);
  const { out, incoming } = await ringBetween(caller, callee);
  await expect(out.media()).rejects.toMatchObject({ code: 'invalid_status', status: expect.stringMatching(/INITIATING|RINGING/) });
  await incoming.accept();
  await until('the caller hears it', () => out.state === 'CONNECTING');
  const [forCaller, forCallee] = await Promise.all([out.media(), incoming.media()]);
  expect([forCaller.room, forCallee.room]).toEqual([out.id, out.id]);
  const names = [forCaller, forCallee].map(({ iceServers }) => iceServers[0]?.username?.split(':')[1]);
  expect(names).toEqual([caller.userId, callee.userId]);
  await out.end();
  await expect(incoming.media()).rejects.toMatchObject({ code: 'invalid_status', status: 'ENDED' });
});

it('two people whose calls became one are given one room', async () => {
  using ann = await clientPhone(system, [0], `ann-${randomUUID()}`);
  using ben = await clientPhone(system, [1], `ben-${randomUUID()}`);
  await Promise.all([ann.connected(), ben.connected()]);
  const placed = [ann.client.place(ben.userId), ben.client.place(ann.userId)];
  await until('they became one', () => placed.every(({ state }) => state === 'CONNECTING'));
  const [first, second] = await Promise.all(placed.map((call) => call.media()));
  expect(first?.room).toBe(second?.room);
});
