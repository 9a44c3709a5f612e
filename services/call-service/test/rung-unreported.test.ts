import { SessionsResponse } from '@trunkline/contract';
import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { envelope, place, send } from './envelopes.ts';
import { type RunningCallService, SHORT_LEASE, startRunningCallService, startSecondCallService } from './running-call-service.ts';

/** Opens a session of one of Bob's devices, and says what it is told, and who did it. */
const open = async (service: RunningCallService, sessionId: string, deviceId: string | null): Promise<string[]> => {
  const answer = await service.post('sessions', { gatewayId: 'g', opened: [{ sessionId, userId: 'bob', deviceId }], closed: [] });
  const { snapshots } = SessionsResponse.parse(await answer.json());
  return snapshots.flatMap(({ events }) => events.map(({ type, actor }) => `${type} ${actor.userId}`));
};

const cancelled = async (service: RunningCallService): Promise<void> => {
  const [placed] = await send(service, place('ann', 'bob'));
  const callId = placed?.ok === true ? placed.call.id : '';
  await send(service, envelope('ann', { type: 'cancel_call', callId }));
};

it.each(['phone', null])(
  'a device (%s) that was connected while it rang may have rung, though its gateway died before it could say so',
  async (deviceId) => {
    await using service = await startRunningCallService();
    await open(service, 's1', deviceId);
    await cancelled(service);
    expect(await open(service, 's2', deviceId)).toEqual(['call_cancelled ann']);
  },
);

it('a device may have rung, also where it comes back long after its gateway died', async () => {
  await using service = await startRunningCallService();
  await using _quick = await startSecondCallService(service, SHORT_LEASE);
  const { database } = service;
  const ids = async (): Promise<string[]> =>
    (await database.query<{ id: string }>('SELECT id FROM sessions ORDER BY id')).map(({ id }) => id);
  const settledAgo = (minutes: number) =>
    database.query(`UPDATE sessions SET settled_at = clock_timestamp() - make_interval(mins => $1)`, [minutes]);
  await open(service, 'left', 'tablet');
  await service.post('sessions', { gatewayId: 'g', opened: [], closed: [{ sessionId: 'left', userId: 'bob' }] });
  await open(service, 's1', 'phone');
  await cancelled(service);
  await database.query(`UPDATE gateways SET lease_until = clock_timestamp()`);
  const unsettled = () => database.query('SELECT FROM sessions WHERE settled_at IS NULL');
  await until('both sessions are settled', async () => (await unsettled()).length === 0);
  await settledAgo(4);
  await until('the one that left is forgotten', async () => !(await ids()).includes('left'));
  expect(await open(service, 's2', 'phone')).toEqual(['call_cancelled ann']);
  await settledAgo(7);
  await until('so is the other one in the end', async () => !(await ids()).includes('s1'));
});

it('a device that came when a call was over is told nothing of it, nor one that left before', async () => {
  await using service = await startRunningCallService();
  await open(service, 's1', 'tablet');
  await service.post('sessions', { gatewayId: 'g', opened: [], closed: [{ sessionId: 's1', userId: 'bob' }] });
  await cancelled(service);
  expect(await open(service, 's2', 'phone')).toEqual([]);
  expect(await open(service, 's3', 'tablet')).toEqual([]);
});

it('a device that was connected is told nothing of a call that found its user busy', async () => {
  await using service = await startRunningCallService();
  await send(service, place('bob', 'cleo'));
  await open(service, 's1', 'phone');
  expect(await send(service, place('ann', 'bob'))).toMatchObject([{ ok: true, call: { state: 'REJECTED', reason: 'busy' } }]);
  expect(await open(service, 's2', 'phone')).toEqual([]);
});
