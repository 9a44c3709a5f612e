import { randomUUID } from 'node:crypto';
import { connectOnlyCare, connectRaw, mintToken, type System, startFaultProxy, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let system: System;

beforeAll(async () => {
  system = await startSystem({ gateways: 1 });
});
afterAll(() => system[Symbol.asyncDispose]());

const devicesWith = async (callId: unknown, kind: string): Promise<unknown[]> => {
  const rows = await system.database.query<{ device_id: string }>('SELECT device_id FROM call_trace WHERE call_id = $1 AND kind = $2', [
    callId,
    kind,
  ]);
  return rows.map(({ device_id }) => device_id);
};

/** A phone that rings, whatever it speaks, and can be waited for. */
const PHONES = {
  'Socket.IO': async (url: string, token: string) => {
    const phone = await connectOnlyCare(url, token);
    return { rings: () => phone.hears('call:incoming'), [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose]() };
  },
  WebSocket: async (url: string, token: string) => {
    const phone = await connectRaw(new URL(`/ws/chat?token=${token}`, url).href);
    return { rings: () => phone.hears('call_invitation'), [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose]() };
  },
};

it.each(['Socket.IO', 'WebSocket'] as const)(
  'a phone whose %s went dead without a word hears the stop on its next connection',
  async (transport) => {
    const url = system.gateways[0]?.url ?? '';
    await using relay = await startFaultProxy(url);
    const calleeId = `callee-${randomUUID()}`;
    await using caller = await system.connect(0, `caller-${randomUUID()}`);
    await using tablet = await system.connect(0, calleeId, { deviceId: 'tablet' });
    await using phone = await PHONES[transport](relay.url, await mintToken(calleeId, { deviceId: 'phone' }));
    using ending = new DisposableStack();
    ending.defer(() => relay.refuse());
    const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
    await Promise.all([phone.rings(), tablet.hears('call:incoming')]);
    await until('both rings are in the trace', async () => (await devicesWith(call?.id, 'ring_sent')).length === 2);
    relay.swallow();
    await caller.ask('call:cancel', { callId: call?.id });
    // The tablet's stop is reported after the phone's was written.
    await until("the tablet's stop is in the trace", async () => (await devicesWith(call?.id, 'stop_sent')).includes('tablet'));
    expect(await devicesWith(call?.id, 'stop_sent')).toEqual(['tablet']);
    await using back = await system.connect(0, calleeId, { deviceId: 'phone' });
    expect(await back.hears('call:cancelled')).toMatchObject({ callId: call?.id });
    await until("the phone's stop is in the trace", async () => (await devicesWith(call?.id, 'stop_sent')).includes('phone'));
  },
);
