import { randomUUID } from 'node:crypto';
import { backingUrls, connectOnlyCare, mintToken, startFaultProxy, startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startRemoteGateway } from './remote-gateway.ts';

const prefix = `test-${randomUUID()}`;

it('after a gap in Redis an open session without a device id hears that its ring is over, though another session of the user knows it', async () => {
  await using system = await startSystem({ gateways: 1, settings: { REDIS_PREFIX: prefix } });
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using gateway = await startRemoteGateway(system, relay, prefix);

  const ring = async () => {
    const calleeId = `callee-${randomUUID()}`;
    const caller = await system.connect(0, `caller-${randomUUID()}`);
    const [here, there] = await Promise.all([system.connect(0, calleeId), connectOnlyCare(gateway.url, await mintToken(calleeId))]);
    const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
    await Promise.all([here.hears('call:incoming'), there.hears('call:incoming')]);
    await until(
      'both rings are in the trace',
      async () =>
        (await system.database.query("SELECT FROM call_trace WHERE call_id = $1 AND kind = 'ring_sent'", [call?.id])).length === 2,
    );
    return { caller, here, there, callId: call?.id as string };
  };
  const [rejected, accepted, cancelled] = await Promise.all([ring(), ring(), ring()]);
  relay.refuse();
  await until('the gateway notices', async () => !(await fetch(`${gateway.url}/readyz`)).ok);
  await rejected.here.ask('call:reject', { callId: rejected.callId });
  await accepted.here.ask('call:accept', { callId: accepted.callId });
  await cancelled.caller.ask('call:cancel', { callId: cancelled.callId });
  await cancelled.here.hears('call:cancelled');
  relay.pass();
  expect(await rejected.there.hears('call:cancelled')).toMatchObject({ callId: rejected.callId });
  expect(await accepted.there.hears('call:cancelled')).toMatchObject({ callId: accepted.callId, reason: 'answered_elsewhere' });
  expect(await cancelled.there.hears('call:cancelled')).toMatchObject({ callId: cancelled.callId });
  expect(accepted.here.namesFor(accepted.callId)).toEqual(['call:incoming']);
  const all = [rejected, accepted, cancelled].flatMap(({ caller, here, there }) => [caller, here, there]);
  for (const { socket } of all) socket.disconnect();
});
