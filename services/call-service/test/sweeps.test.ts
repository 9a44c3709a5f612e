import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { SHORT_LEASE, startRunningCallService } from './running-call-service.ts';

it('a stored deadline that no longer holds is stored anew, so that it is not in the way of others', async () => {
  await using service = await startRunningCallService();
  await service.database.query(`INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds,
      created_at, updated_at, ring_deadline_at, accepted_at, due_at)
    SELECT 'old' || i, 'c' || i, 'd' || i, 'AUDIO', 'c', 'CONNECTING', 2, 60, now(), now(), now(), now(), now() - interval '1 hour'
    FROM generate_series(1, 1200) i`);
  await until('none is due', async () => (await service.database.query('SELECT FROM calls WHERE due_at < now()')).length === 0);
  expect(await service.database.query("SELECT FROM calls WHERE state = 'CONNECTING'")).toHaveLength(1200);
});

it('the sessions of a gateway that fell silent are closed and settled, however many they are', async () => {
  await using service = await startRunningCallService(SHORT_LEASE);
  await service.database.query("INSERT INTO gateways SELECT 'g', now() - interval '1 second'");
  await service.database.query(
    "INSERT INTO sessions (id, gateway_id, user_id) SELECT 's' || i, 'g', 'u' || i FROM generate_series(1, 12000) i",
  );
  const count = async (condition: string): Promise<unknown> =>
    (await service.database.query<{ count: number }>(`SELECT count(*)::int FROM sessions WHERE ${condition}`))[0]?.count;
  await until('all are closed', async () => (await count('closed_at IS NOT NULL')) === 12_000);
  await until('all are settled', async () => (await count('settled_at IS NOT NULL')) === 12_000);
});

it('a lease that lapsed while no call-service could renew it closes nothing, if its gateway is heard again', async () => {
  await using service = await startRunningCallService(SHORT_LEASE);
  const { database } = service;
  const hasSwept = async (): Promise<void> => {
    await database.query("INSERT INTO gateways SELECT 'of-old', now() - interval '2 days'");
    await until('old gateways are forgotten', async () => (await database.query("SELECT FROM gateways WHERE id = 'of-old'")).length === 0);
  };
  const open = (): Promise<{ id: string }[]> => database.query('SELECT id FROM sessions WHERE closed_at IS NULL ORDER BY id');
  await database.query("INSERT INTO gateways SELECT g, now() - interval '1 minute' FROM unnest(ARRAY['alive', 'dead']) g");
  await database.query("INSERT INTO sessions (id, gateway_id, user_id) SELECT g, g, g FROM unnest(ARRAY['alive', 'dead']) g");
  for (const _sweep of ['begun', 'done']) await hasSwept();
  expect(await open()).toEqual([{ id: 'alive' }, { id: 'dead' }]);
  await until('the dead one is closed', async () => {
    await service.post('lease', { gatewayId: 'alive' });
    return (await open()).length < 2;
  });
  expect(await open()).toEqual([{ id: 'alive' }]);
});

it('a deadline applies while the sessions of a gateway that died are still being settled', async () => {
  await using service = await startRunningCallService();
  const { database } = service;
  await database.query(`CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END'`);
  await database.query(
    'CREATE TRIGGER settled_slowly AFTER UPDATE OF settled_at ON sessions FOR EACH STATEMENT EXECUTE FUNCTION take_long()',
  );
  await database.query(
    `INSERT INTO sessions (id, gateway_id, user_id, closed_at)
     SELECT 's' || i, 'g', 'u' || i, now() - interval '1 minute' FROM generate_series(1, 5000) i`,
  );
  await until('some are settled', async () => (await database.query('SELECT FROM sessions WHERE settled_at IS NOT NULL')).length > 0);
  await database.query(`INSERT INTO calls (id, caller_id, callee_id, call_type, channel_id, state, seq, ring_timeout_seconds,
      created_at, updated_at, ring_deadline_at, due_at)
    VALUES ('due', 'ann', 'bob', 'AUDIO', 'c', 'RINGING', 2, 60, now(), now(), now(), now())`);
  await until('the deadline applies', async () => (await database.query('SELECT FROM calls WHERE ended_at IS NOT NULL')).length === 1);
  expect((await database.query('SELECT FROM sessions WHERE settled_at IS NULL')).length).toBeGreaterThan(0);
});

it('a lease is not known to a gateway whose sessions were given up', async () => {
  await using service = await startRunningCallService();
  const renew = async (): Promise<unknown> => await (await service.post('lease', { gatewayId: 'g' })).json();
  expect(await renew()).toMatchObject({ known: false });
  expect(await renew()).toMatchObject({ known: true });
  await service.database.query("UPDATE gateways SET lease_until = now() - interval '1 second'");
  expect(await renew()).toMatchObject({ known: false });
});

it('a session that comes back while its closing is being settled is not settled', async () => {
  await using service = await startRunningCallService();
  const { database } = service;
  const report = (sessionId: string, userId: string) =>
    service.post('sessions', { gatewayId: 'g', opened: [{ sessionId, userId, deviceId: null }], closed: [] });
  await report('s1', 'ann');
  await database.query("INSERT INTO lines (user_id) VALUES ('ann')");
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("BEGIN; SELECT FROM lines WHERE user_id = 'ann' FOR UPDATE");
  await database.query("UPDATE sessions SET closed_at = now() - interval '1 minute' WHERE id = 's1'");
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await until('its closing is being settled', async () => (await database.query(waiting)).length === 1);
  await report('s1', 'ann');
  // What is settled next shows that this is over.
  await database.query("INSERT INTO sessions (id, gateway_id, user_id, closed_at) VALUES ('s2', 'g', 'bob', now() - interval '1 minute')");
  await client.query('COMMIT');
  await client.end();
  const unsettled = () => database.query('SELECT id FROM sessions WHERE settled_at IS NULL');
  await until('the next one is settled', async () => (await unsettled()).length < 2);
  expect(await unsettled()).toEqual([{ id: 's1' }]);
});
