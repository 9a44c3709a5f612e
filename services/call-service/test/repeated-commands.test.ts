import { CommandEnvelope } from '@trunkline/contract';
import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { answerKey } from '../src/calls/answer-key.ts';
import type { PlaceEnvelope } from '../src/calls/place.ts';
import { wasPlaceDecided } from '../src/calls/was-decided.ts';
import { openDatabase } from '../src/database/database.ts';
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

it('a place was decided before by its request, its edge’s name for it, its call’s id and the callee’s own, and by nothing else', async () => {
  await using service = await startRunningCallService();
  await using database = openDatabase({ url: service.database.url, poolSize: 1, onError: () => undefined });
  const wasDecided = (said: object) => wasPlaceDecided(database, CommandEnvelope.parse(said) as PlaceEnvelope);
  const [unnamed, underWay] = [place('dan', 'cid'), place('ann', 'bob', { requestId: 'under way' })];
  await send(service, place('ann', 'bob', { callId: 'anns-id', requestId: 'first' }), place('bob', 'ann', { callId: 'bobs-id' }));
  await send(service, place('cid', 'dan'), unnamed);
  const before = [
    place('ann', 'eve', { requestId: 'first' }),
    place('ann', 'bob', { callId: 'anns-id', requestId: 'second' }),
    place('bob', 'ann', { callId: 'bobs-id', requestId: 'second' }),
    { ...unnamed, attempt: 2, mintedCallId: 'another' },
  ];
  for (const said of before) expect([said.command, await wasDecided(said)]).toEqual([said.command, true]);
  // As a place leaves it that was given up while it waited for its locks.
  await database.query({ name: 'take', text: 'INSERT INTO answers (key, body_hash) VALUES ($1, $2)' }, [
    answerKey(CommandEnvelope.parse(underWay)),
    'hash',
  ]);
  for (const said of [underWay, place('ann', 'bob', { requestId: 'third' }), place('ann', 'bob')])
    expect(await wasDecided(said)).toBe(false);
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
