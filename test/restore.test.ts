import { backingUrls, createTestDatabase, startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';

const QUICK = { GATEWAY_LEASE_SECONDS: '3', RING_TIMEOUT_SECONDS: '5', CALLER_GRACE_SECONDS: '0' };

it('on the database alone, as a backup has it, and an empty Redis, what lived in it ends and rings nobody', {
  timeout: 90_000,
}, async () => {
  await using database = await createTestDatabase(backingUrls().templateDatabaseUrl);
  const settings = { ...QUICK, DATABASE_URL: database.url };
  const first = await startSystem({ asProcesses: ['call-service', 'socket-gateway'], settings });
  await using ana = await first.connect(0, 'ana');
  await using ben = await first.connect(1, 'ben');
  await using cat = await first.connect(0, 'cat');
  await using dan = await first.connect(1, 'dan');
  await ana.ask('call:initiate', { receiverId: 'ben', callId: 'rings' });
  await ben.hears('call:incoming');
  await cat.ask('call:initiate', { receiverId: 'dan', callId: 'lives' });
  await dan.ask('call:accept', { callId: 'lives' });
  await ana.hears('call:ringing');
  // Killed, each of them, call-service before it could miss the gateways; under another prefix the next system finds nothing in Redis.
  await first.process('call-service', 0).kill();
  await first[Symbol.asyncDispose]();

  const states = (): Promise<{ id: string; state: string }[]> => database.query('SELECT id, state FROM calls ORDER BY id');
  expect(await states()).toEqual([
    { id: 'lives', state: 'CONNECTING' },
    { id: 'rings', state: 'RINGING' },
  ]);
  await until('the ring is past its time', async () => {
    const [due] = await database.query<{ over: boolean }>(
      "SELECT ring_deadline_at < clock_timestamp() AS over FROM calls WHERE id = 'rings'",
    );
    return due?.over;
  });
  await using restored = await startSystem({ settings });
  await using benAgain = await restored.connect(0, 'ben');
  await until(
    'all calls are over',
    async () => (await states()).every(({ state }) => ['MISSED', 'CANCELLED', 'ENDED'].includes(state)),
    30_000,
  );
  expect((await states()).find(({ id }) => id === 'lives')).toEqual({ id: 'lives', state: 'ENDED' });
  await until('nothing is left to publish', async () => (await database.query('SELECT FROM outbox')).length === 0);

  await using anaAgain = await restored.connect(1, 'ana');
  await anaAgain.ask('call:initiate', { receiverId: 'ben', callId: 'anew' });
  await benAgain.hears('call:incoming', ({ callId }) => callId === 'anew');
  expect(benAgain.heard.filter(({ name, body }) => name === 'call:incoming' && body.callId !== 'anew')).toEqual([]);
});
