import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { place, send } from './envelopes.ts';
import { type RunningCallService, startRunningCallService, startSecondCallService } from './running-call-service.ts';

it('a call-service that is told to stop is not ready at once, answers for a moment all the same, and is gone then', async () => {
  const service = await startRunningCallService({ STOP_NOTICE_SECONDS: '5' });
  expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  const stopped = service[Symbol.asyncDispose]();
  const readiness = await fetch(`${service.url}/readyz`);
  expect([readiness.status, await readiness.json()]).toMatchObject([503, { checks: { accepting: false, database: true } }]);
  expect((await service.post('due', {})).status).toBe(200);
  await stopped;
  await expect(fetch(`${service.url}/livez`)).rejects.toThrow('fetch failed');
});

it('a call-service without Redis says so, and is ready all the same: what it commits needs no Redis', async () => {
  await using service = await startRunningCallService({ REDIS_URL: 'redis://127.0.0.1:1' });
  const readiness = await fetch(`${service.url}/readyz`);
  expect([readiness.status, await readiness.json()]).toMatchObject([200, { status: 'ready', checks: { redis: false, database: true } }]);
  expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('trunkline_ready{check="redis"} 0');
});

it('a call-service is not ready before its migrations have run', async () => {
  await using first = await startRunningCallService();
  const [newest] = await first.database.query<{ name: string }>('SELECT name FROM knex_migrations ORDER BY id DESC LIMIT 1');
  await first.database.query('DELETE FROM knex_migrations WHERE name = $1', [newest?.name]);
  await using second = await startSecondCallService(first);
  const readiness = await fetch(`${second.url}/readyz`);
  expect([readiness.status, await readiness.json()]).toMatchObject([503, { checks: { database: true, schema: false } }]);
  await first.database.query('INSERT INTO knex_migrations (name, batch, migration_time) VALUES ($1, 1, now())', [newest?.name]);
  await until('it is ready', async () => (await fetch(`${second.url}/readyz`)).ok);
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
});

const readinessOf = async ({ url }: RunningCallService) => {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, checks: ((await response.json()) as { checks: Record<string, boolean> }).checks };
};

/** Has the database take no writes, as a standby, or take them again, on connections that are made from now on, as all are. */
const openAdmin = async ({ database }: RunningCallService) => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('SELECT quote_ident(current_database()) AS name');
  return {
    takeWrites: async (takes: 'on' | 'off') => {
      await client.query(`ALTER DATABASE ${rows[0]?.name} SET default_transaction_read_only = ${takes === 'on' ? 'off' : 'on'}`);
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'trunkline call-service'",
      );
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
};

it('a call-service whose database takes no writes is not ready, and is ready again once it does', async () => {
  await using service = await startRunningCallService();
  await using admin = await openAdmin(service);
  await admin.takeWrites('off');
  // A connection that was ended says nothing of the schema either.
  await until('it is connected anew', async () => (await readinessOf(service)).checks['schema']);
  expect(await readinessOf(service)).toMatchObject({ status: 503, checks: { database: false } });
  await admin.takeWrites('on');
  await until('it is ready', async () => (await fetch(`${service.url}/readyz`)).ok);
  await until('a call is placed', async () => (await send(service, place('ann', 'bob')))[0]?.ok);
});
