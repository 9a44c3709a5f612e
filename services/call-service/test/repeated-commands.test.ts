import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { envelope, place, send } from './envelopes.ts';
import { startRunningCallService } from './running-call-service.ts';

it('a glare that is repeated while its first attempt is under way gets the merged call both times', async () => {
  await using service = await startRunningCallService();
  await send(service, place('ann', 'bob'));
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query("SELECT FROM lines WHERE user_id = 'ann' FOR UPDATE");
  const glare = place('bob', 'ann');
  const waiting = async (count: number): Promise<boolean> =>
    (await service.database.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
      .length === count;
  const first = send(service, glare);
  await until('the first attempt waits', () => waiting(1));
  const second = send(service, { ...glare, attempt: 2 });
  await until('the second attempt waits', () => waiting(2));
  await client.query('COMMIT');
  await client.end();
  const merged = { ok: true, call: { callerId: 'ann', calleeId: 'bob', state: 'CONNECTING' } };
  expect(await first).toMatchObject([merged]);
  expect(await second).toMatchObject([merged]);
});

it('of two bodies under one request id in one batch, the first keeps its answer and the second is a conflict, then and later', async () => {
  await using service = await startRunningCallService();
  const [one, two] = [place('ann', 'bob', { requestId: 'k' }), place('ann', 'carl', { requestId: 'k' })];
  const expected = [
    { ok: true, call: { calleeId: 'bob' } },
    { ok: false, error: { code: 'conflict' } },
  ];
  expect(await send(service, one, two)).toMatchObject(expected);
  expect(await send(service, { ...one, commandId: 'again-1' }, { ...two, commandId: 'again-2' })).toMatchObject(expected);
});

it('a command under the alias of a merged call is recognised when it is repeated', async () => {
  await using service = await startRunningCallService();
  await send(service, place('ann', 'bob'));
  await send(service, place('bob', 'ann', { callId: 'bobs-id' }));
  const end = envelope('bob', { type: 'end_call', callId: 'bobs-id' });
  const ended = [{ ok: true, call: { state: 'ENDED' } }];
  expect(await send(service, end)).toMatchObject(ended);
  expect(await send(service, { ...end, attempt: 2 })).toMatchObject(ended);
});
