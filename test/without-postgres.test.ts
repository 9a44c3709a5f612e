import { randomUUID } from 'node:crypto';
import { startWorld } from '@trunkline/chaos';
import { ERRORS } from '@trunkline/contract';
import { connectOnlyCare, mintToken, until } from '@trunkline/testing';
import { expect, it } from 'vitest';

const PATIENCE_MS = 120_000;

const BREAKS = {
  'refuses connections': 'refuse',
  'is silent': 'swallow',
} as const;

it.each(Object.entries(BREAKS))(
  'with a PostgreSQL that %s, a place is answered that it may be tried again, rings nobody, and is taken when it is back; who connects meanwhile stays',
  { timeout: PATIENCE_MS },
  async (_how, breaks) => {
    await using world = await startWorld({ gateways: 1, callServices: 1, durable: false, report: () => undefined });
    const [link] = world.links.callServiceToPostgres;
    const [gateway] = world.gateways;
    const calleeId = `callee-${randomUUID()}`;
    await using caller = await connectOnlyCare(gateway?.url ?? '', await mintToken(`caller-${randomUUID()}`));
    await using callee = await connectOnlyCare(gateway?.url ?? '', await mintToken(calleeId));
    const place = { receiverId: calleeId, callId: randomUUID(), requestId: randomUUID() };

    // An answer shows that the session is open.
    for (const phone of [caller, callee]) expect(await phone.ask('call:cancel', { callId: 'none' })).toMatchObject({ ok: false });

    link?.[breaks]();
    const { ok, error } = await caller.ask('call:initiate', place);
    expect({ ok, code: error?.code }).toEqual({ ok: false, code: 'service_error' });
    expect(ERRORS.service_error.retryable).toBe(true);
    const callService = world.callServices[0]?.url;
    const readyz = await fetch(`${callService}/readyz`);
    expect([readyz.status, await readyz.json()]).toEqual([
      503,
      expect.objectContaining({ checks: expect.objectContaining({ database: false }) }),
    ]);
    expect(await (await fetch(`${callService}/metrics`)).text()).toContain('trunkline_ready{check="database"} 0');
    await using latecomer = await connectOnlyCare(gateway?.url ?? '', await mintToken(calleeId));
    expect(await latecomer.ask('call:cancel', { callId: 'none' })).toMatchObject({ ok: false, error: { code: 'service_error' } });

    link?.pass();
    link?.reset();
    const taken = await until('the same place is taken', async () => {
      const answer = await caller.ask('call:initiate', place);
      return answer.ok && answer;
    });
    expect(taken.call).toMatchObject({ id: place.callId, status: expect.stringMatching(/^(INITIATING|RINGING)$/) });
    await callee.hears('call:incoming');
    await latecomer.hears('call:incoming');
    expect(callee.namesFor(place.callId)).toEqual(['call:incoming']);
    expect(await world.query('SELECT id FROM calls')).toEqual([{ id: place.callId }]);
  },
);
