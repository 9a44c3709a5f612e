import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { place, send } from './envelopes.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

/** Another transaction that takes lines one after another. */
const takeLines = async (service: RunningCallService) => {
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  await client.query('BEGIN');
  return {
    lock: (userId: string) => client.query('SELECT FROM lines WHERE user_id = $1 FOR UPDATE', [userId]),
    /** As noting who was last seen does, whether there is a line or not. */
    note: (userId: string) =>
      client.query(
        `INSERT INTO lines (user_id, last_seen_at) VALUES ($1, clock_timestamp())
          ON CONFLICT (user_id) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
        [userId],
      ),
    commit: () => client.query('COMMIT'),
    [Symbol.asyncDispose]: () => client.end(),
  };
};

const waitersOf = async (service: RunningCallService): Promise<number> => {
  const waiting = await service.database.query(
    `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'trunkline call-service' AND wait_event_type = 'Lock'`,
  );
  return waiting.length;
};

const isWaiting = async (service: RunningCallService): Promise<boolean> => (await waitersOf(service)) > 0;

it('a call that waits for one line holds none that comes after it, also where a line has to be made', async () => {
  await using service = await startRunningCallService();
  await service.database.query("INSERT INTO lines (user_id) VALUES ('ann')");
  await using other = await takeLines(service);
  await other.lock('ann');
  const placed = send(service, place('ann', 'bob'));
  await until('the place waits for the line of ann', () => isWaiting(service));
  // Held by the place, it would be a deadlock.
  await other.note('bob');
  await other.commit();
  expect(await placed).toMatchObject([{ ok: true, call: { callerId: 'ann', calleeId: 'bob' } }]);
});

it('a line that was there is locked like one that is made', async () => {
  await using service = await startRunningCallService();
  await service.database.query("INSERT INTO lines (user_id) VALUES ('ann'), ('bob')");
  await using other = await takeLines(service);
  await other.lock('bob');
  const placed = send(service, place('ann', 'bob'));
  await until('the place waits for the line of bob', () => isWaiting(service));
  await expect(service.database.query("SELECT FROM lines WHERE user_id = 'ann' FOR UPDATE NOWAIT")).rejects.toMatchObject({
    code: '55P03',
  });
  await other.commit();
  expect(await placed).toMatchObject([{ ok: true }]);
});

it('lines that are made keep what is noted in those that were there', async () => {
  await using service = await startRunningCallService();
  await service.database.query("INSERT INTO lines (user_id, last_seen_at) VALUES ('ann', '2026-01-01')");
  await send(service, place('ann', 'bob'));
  expect(await service.database.query(`SELECT user_id, last_seen_at = '2026-01-01' AS "isKept" FROM lines ORDER BY user_id`)).toEqual([
    { user_id: 'ann', isKept: true },
    { user_id: 'bob', isKept: null },
  ]);
});

it('an id under which a call is being placed does not become another call’s alias meanwhile', async () => {
  await using service = await startRunningCallService();
  await send(service, place('ann', 'bob'));
  await service.database.query("INSERT INTO lines (user_id) VALUES ('gate')");
  await service.database.query(`CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM FROM lines WHERE user_id = 'gate' FOR UPDATE; RETURN new; END $$`);
  await service.database.query("CREATE TRIGGER pass BEFORE INSERT ON calls FOR EACH ROW WHEN (new.id = 'X') EXECUTE FUNCTION pass_gate()");
  await using other = await takeLines(service);
  await other.lock('gate');
  const placed = send(service, place('dan', 'eve', { callId: 'X' }));
  await until('it is being placed', () => isWaiting(service));
  const merged = send(service, place('bob', 'ann', { callId: 'X' }));
  await Promise.race([merged, until('both wait', async () => (await waitersOf(service)) === 2)]);
  await other.commit();
  expect(await placed).toMatchObject([{ ok: true, call: { id: 'X' } }]);
  expect(await merged).toMatchObject([{ ok: false, error: { code: 'conflict' } }]);
});
