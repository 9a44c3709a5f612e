import { until } from '@trunkline/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { askAll, commandOf, openChat, sendOf, startChatService } from './chat-door.ts';
import { envelope, place, send } from './envelopes.ts';
import { pushClient } from './push-client.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

/** Another client of the same database, which holds the line of one user until it is told to let go. */
const holdLine = async (service: RunningCallService, userId: string) => {
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM lines WHERE user_id = $1 FOR UPDATE', [userId]);
  return {
    query: (text: string) => client.query(text),
    async [Symbol.asyncDispose]() {
      await client.query('COMMIT');
      await client.end();
    },
  };
};

/** Another client of the same database, which holds the row of a call or a chat until it is told to let go. */
const hold = async (service: RunningCallService, table: 'calls' | 'chats', id: string) => {
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE`, [id]);
  return {
    async [Symbol.asyncDispose]() {
      await client.query('COMMIT');
      await client.end();
    },
  };
};

/** The transactions that wait for a lock, by when they began. */
const waiters = async (service: RunningCallService): Promise<string[]> => {
  const rows = await service.database.query<{ began: string }>(
    `SELECT xact_start::text AS began FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'trunkline call-service' AND wait_event_type = 'Lock'`,
  );
  return rows.map(({ began }) => began);
};

it('a connection that PostgreSQL ends in mid-transaction costs its commands a service error, not the process', async () => {
  await using service = await startRunningCallService();
  await send(service, place('ann', 'bob'));
  const waiting = await (async () => {
    await using line = await holdLine(service, 'bob');
    const reply = send(service, place('zoe', 'bob'));
    await until('the place waits for the line', async () => (await waiters(service)).length > 0);
    await line.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'trunkline call-service'",
    );
    return await reply;
  })();
  expect(waiting).toMatchObject([{ ok: false, error: { code: 'service_error' } }]);
  await until('the service answers again', async () => (await send(service, place('kim', 'lee')))[0]?.ok);
});

it('a command that waited too long for a lock is tried again', async () => {
  await using service = await startRunningCallService();
  await send(service, place('ann', 'bob'), envelope('ann', { type: 'end_call', callId: 'none' }));
  const line = await holdLine(service, 'bob');
  const reply = send(service, place('zoe', 'bob'));
  const first = await until('the first try waits', async () => (await waiters(service))[0]);
  await until('another try waits', async () => (await waiters(service)).some((began) => began !== first));
  await line[Symbol.asyncDispose]();
  expect(await reply).toMatchObject([{ ok: true, call: { callerId: 'zoe' } }]);
});

it('a command that waits for a lock holds up neither its neighbours nor those who come after it', async () => {
  await using service = await startRunningCallService();
  const placed = await send(service, place('ann', 'bob'), ...Array.from({ length: 20 }, (_, n) => place(`caller-${n}`, `callee-${n}`)));
  const [held = '', ...others] = placed.map((reply) => (reply.ok ? reply.call.id : ''));
  const call = await hold(service, 'calls', held);
  const line = await holdLine(service, 'callee-0');
  const busy = [send(service, place('zoe', 'callee-0')), send(service, place('eve', 'callee-0'))];
  await until('both batches are under way', async () => (await waiters(service)).length === 2);
  // What comes now goes together.
  let isAnswered = false;
  const waiting = send(service, envelope('ann', { type: 'cancel_call', callId: held })).finally(() => {
    isAnswered = true;
  });
  const neighbours = others.map((callId, n) => send(service, envelope(`caller-${n}`, { type: 'cancel_call', callId })));
  await fetch(`${service.url}/readyz`);
  await line[Symbol.asyncDispose]();
  const isCancelled = (id: string) => ({ ok: true, call: { id, state: 'CANCELLED' } });
  expect((await Promise.all(neighbours)).flat()).toMatchObject(others.map(isCancelled));
  expect(await send(service, place('kim', 'lee'))).toMatchObject([{ ok: true }]);
  expect(isAnswered).toBe(false);
  await call[Symbol.asyncDispose]();
  expect(await waiting).toMatchObject([isCancelled(held)]);
  await Promise.all(busy);
});

it('a place that its edge has given up rings nobody when the lock is free, and an accept answers nothing', async () => {
  await using service = await startRunningCallService();
  const [placed] = await send(service, place('ann', 'bob'));
  const callId = placed?.ok === true ? placed.call.id : '';
  const line = await holdLine(service, 'bob');
  const call = await hold(service, 'calls', callId);
  const wantedForMs = 300;
  const late = [
    send(service, { ...place('zoe', 'bob'), attempt: 2, wantedForMs }),
    send(service, { ...envelope('bob', { type: 'accept_call', callId }), wantedForMs }),
  ];
  await until('they wait', async () => (await waiters(service)).length > 0);
  await service.database.query('SELECT pg_sleep(0.5)');
  await call[Symbol.asyncDispose]();
  await line[Symbol.asyncDispose]();
  const refused = { ok: false, error: { code: 'service_error' } };
  expect((await Promise.all(late)).flat()).toMatchObject([refused, refused]);
  expect(await service.database.query('SELECT caller_id, state FROM calls')).toEqual([{ caller_id: 'ann', state: 'INITIATING' }]);
});

it('a message that its edge has given up is not sent when its chat is free, and one that is marked as read is read', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const [sent] = await askAll(service, [sendOf('sho', chatId, 'hello')]);
  const messageId = sent?.ok === true && sent.result.type === 'message' ? sent.result.message.id : '';
  const chat = await hold(service, 'chats', chatId);
  const wantedForMs = 300;
  const late = askAll(service, [
    { ...sendOf('ann', chatId, 'too late'), wantedForMs },
    { ...commandOf('ann', { type: 'mark_read', chatId, messageIds: [messageId] }), wantedForMs },
  ]);
  await until('they wait', async () => (await waiters(service)).length > 0);
  await service.database.query('SELECT pg_sleep(0.5)');
  await chat[Symbol.asyncDispose]();
  expect(await late).toMatchObject([{ ok: false, error: { code: 'service_error' } }, { ok: true }]);
  expect(await service.database.query('SELECT content FROM messages')).toEqual([{ content: 'hello' }]);
});

it('an absence that could not be stored is found again', async () => {
  await using service = await startRunningCallService();
  await service.post('sessions', { gatewayId: 'g', opened: [{ sessionId: 's1', userId: 'ann', deviceId: null }], closed: [] });
  await send(service, place('ann', 'bob', { sessionId: 's1' }));
  // A sequence keeps its count when the transaction is rolled back.
  await service.database.query('CREATE SEQUENCE refusals');
  await service.database.query(`CREATE FUNCTION refuse_absence() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.kind = 'caller_absent' THEN RAISE EXCEPTION 'not now %', nextval('refusals'); END IF; RETURN new; END $$`);
  await service.database.query('CREATE TRIGGER refuse BEFORE INSERT ON call_trace FOR EACH ROW EXECUTE FUNCTION refuse_absence()');
  await service.post('sessions', { gatewayId: 'g', opened: [], closed: [{ sessionId: 's1', userId: 'ann' }] });
  await until('it was refused', async () => (await service.database.query('SELECT FROM refusals WHERE is_called')).length === 1);
  await service.database.query('DROP TRIGGER refuse ON call_trace');
  await until(
    'the caller is absent',
    async () => (await service.database.query('SELECT FROM calls WHERE caller_absent_at IS NOT NULL')).length === 1,
  );
});

it('rings that were not noted are reported as not noted, so that the gateway says it again', async () => {
  await using service = await startRunningCallService();
  const [placed] = await send(service, place('ann', 'bob'));
  const callId = placed?.ok === true ? placed.call.id : '';
  await service.database.query(`CREATE FUNCTION refuse_ring() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.kind = 'ring_sent' THEN RAISE EXCEPTION 'not now'; END IF; RETURN new; END $$`);
  await service.database.query('CREATE TRIGGER refuse BEFORE INSERT ON call_trace FOR EACH ROW EXECUTE FUNCTION refuse_ring()');
  const ring = { kind: 'ring', callId, userId: 'bob', deviceId: null, sessionId: 's1' };
  expect((await service.post('deliveries', { deliveries: [ring] })).status).toBe(500);
  await service.database.query('DROP TRIGGER refuse ON call_trace');
  expect((await service.post('deliveries', { deliveries: [ring] })).status).toBe(200);
  expect(await service.database.query('SELECT state FROM calls')).toEqual([{ state: 'RINGING' }]);
});

it('that a push was accepted reaches its call, though that could not be stored at first', async () => {
  await using service = await startRunningCallService();
  const client = pushClient(service);
  await client.device('bob');
  const callId = await client.place('ann', 'bob');
  const [push] = await client.claim((await client.pushes('incoming_call')).filter(({ send_unless }) => send_unless === null));
  await service.database.query(`CREATE FUNCTION refuse_ringing() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.state = 'RINGING' THEN RAISE EXCEPTION 'not now'; END IF; RETURN new; END $$`);
  await service.database.query('CREATE TRIGGER refuse BEFORE UPDATE ON calls FOR EACH ROW EXECUTE FUNCTION refuse_ringing()');
  expect(await client.report({ id: push?.id, attempt: push?.attempt, outcome: 'accepted', providerId: 'p' })).toBe(200);
  expect(await client.stateOf(callId)).toBe('INITIATING');
  await service.database.query('DROP TRIGGER refuse ON calls');
  await until('it rings', async () => (await client.stateOf(callId)) === 'RINGING');
});

it('a device that is registered while it rings is rung, though that could not be stored at first', async () => {
  await using service = await startRunningCallService();
  const client = pushClient(service);
  await client.place('ann', 'bob');
  await service.database.query(`CREATE FUNCTION refuse_changes() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'not now'; END $$`);
  await service.database.query('CREATE TRIGGER refuse BEFORE UPDATE ON calls FOR EACH ROW EXECUTE FUNCTION refuse_changes()');
  await client.device('bob');
  expect(await client.pushes()).toEqual([]);
  await service.database.query('DROP TRIGGER refuse ON calls');
  await until('it is rung', async () => (await client.pushes('incoming_call')).length > 0);
});
