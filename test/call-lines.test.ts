import { randomUUID } from 'node:crypto';
import { commandOnce, startRedis } from '@trunkline/backing-services';
import { INTERNAL_PATHS } from '@trunkline/contract';
import { type Phone, startWebhookReceiver, TEST_WEBHOOK_SECRET, until, type WebhookReceiver } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { type PushSystem, startPushSystem } from './push-system.ts';

const OPTIONS = { env: { TEST_BACKENDS: 'embedded' }, dataFolder: null, report: () => undefined };

/** What may be said without a call: of connections, of jobs that carry many things, of sweeps that find out first. */
const ABOUT_NO_CALL: ReadonlySet<string> = new Set([
  'a job failed',
  'a connection was closed for what its client did',
  'a link broke',
  'a link said what is no request',
  'a notification to many could not be expanded',
  'a notification to many waits for the sweep',
  'a push service is back: its breaker closes',
  'a push service is down: its breaker opens',
  'a request could be read in parts only',
  'an attempt failed',
  'an idle database connection was lost',
  'call-service listens',
  'chat partners were not told of who came or went',
  'chats were not told of calls',
  'closed sessions could not be settled; the sweep will',
  'closed sessions were not reported',
  'gateways that fell silent could not be looked for',
  'notifier started',
  'old webhooks were kept',
  'redis',
  'Redis is away',
  'Redis is away: what is committed goes out when it is back',
  'Redis is back',
  'Redis is heard again: every session is told what it missed',
  'Redis refused an event or a job; a sweep tries again',
  'sessions could not be opened',
  'sessions that were closed could not be settled',
  'the gateway is up',
  'the job worker met an error',
  'the deadlines could not be swept',
  'the lease was not renewed',
  'the outbox could not be swept',
  'the pushes could not be swept',
  'the upkeep of chats failed',
  'the use of a server key was not noted',
  'tokens cannot be verified',
  'traces could not be sent',
  'trouble with Redis',
  'webhooks could not be looked for',
]);

const isAboutNone = ({ msg, route }: Line): boolean =>
  msg === 'a request failed' ? ROUTES_ABOUT_NO_CALL.has(route ?? '') : ABOUT_NO_CALL.has(msg);

const { lease, sessions, claimPushes, pushResults, due } = INTERNAL_PATHS;
/** A request of these that fails is about whatever a process has under way: who asked names the calls, where it knows them. */
const ROUTES_ABOUT_NO_CALL: ReadonlySet<string> = new Set([lease, sessions, claimPushes, pushResults, due]);

interface Line {
  msg: string;
  route?: string;
  callId?: string | null;
  callIds?: (string | null)[];
}

interface Life extends PushSystem {
  hook: WebhookReceiver;
  ann: Phone;
  bob: Phone;
}

const isAboutACall = ({ callId, callIds }: Line): boolean =>
  typeof callId === 'string' || (callIds ?? []).some((id) => typeof id === 'string');

/** What names one of these calls, in whatever place, or is no line that is known to be about none, and has no call in the field that one searches by. */
const without = (lines: readonly string[], calls: readonly string[]): string[] =>
  lines.filter((text) => {
    const line = JSON.parse(text) as Line;
    return !isAboutACall(line) && (!isAboutNone(line) || calls.some((callId) => text.includes(callId)));
  });

const placed = async (caller: Phone, calleeId: string, more: { ringTimeoutSeconds?: number } = {}): Promise<string> => {
  const callId = `named-${randomUUID()}`;
  await caller.place({ calleeId, callId, ...more });
  return callId;
};

const ringing = async ({ ann, bob }: Life): Promise<string> => {
  const callId = await placed(ann, bob.userId);
  await bob.hears('incoming', callId);
  return callId;
};

const stateIs = ({ system }: Life, callId: string, ...states: string[]): Promise<unknown> =>
  until(
    `${callId} is ${states}`,
    async () => (await system.database.query('SELECT FROM calls WHERE id = $1 AND state = ANY ($2)', [callId, states])).length === 1,
    20_000,
  );

/** A call for every end, and what is refused on the way. */
const liveThroughEveryEnd = async (life: Life): Promise<void> => {
  const { ann, bob, system } = life;
  const rejected = await ringing(life);
  await bob.reject(rejected, 'not now');
  expect(await bob.accept(rejected)).toMatchObject({ ok: false });
  const cancelled = await ringing(life);
  await ann.cancel(cancelled);
  const ended = await ringing(life);
  await using stranger = await system.phone('otomo', 0, 'stranger');
  expect(await stranger.accept(ended)).toMatchObject({ ok: false });
  await bob.accept(ended);
  const busy = await placed(stranger, bob.userId);
  await ann.connected(ended);
  await ann.end(ended);
  expect(await ann.end('no-such-call')).toMatchObject({ ok: false });
  const failed = await ringing(life);
  await bob.accept(failed);
  await stateIs(life, failed, 'FAILED');
  const missed = await placed(ann, 'gil', { ringTimeoutSeconds: 5 });
  const unreachable = await placed(bob, 'nobody');
  await Promise.all([stateIs(life, missed, 'MISSED'), stateIs(life, unreachable, 'REJECTED'), stateIs(life, busy, 'REJECTED')]);
  await Promise.all([stateIs(life, rejected, 'REJECTED'), stateIs(life, cancelled, 'CANCELLED'), stateIs(life, ended, 'ENDED')]);
};

/** What the database will not have, of calls, of their chats and of pushes. */
const poison = async (life: Life): Promise<void> => {
  const { ann, system } = life;
  await system.database.query(`CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.callee_id = 'poison' THEN RAISE EXCEPTION 'poison'; END IF; RETURN new; END $$`);
  await system.database.query('CREATE TRIGGER poison BEFORE INSERT ON calls FOR EACH ROW EXECUTE FUNCTION refuse_poison()');
  expect(await ann.place({ calleeId: 'poison' })).toMatchObject({ ok: false, code: 'service_error' });
  await system.database.query(`CREATE FUNCTION refuse_rung() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.kind = 'ring_sent' THEN RAISE EXCEPTION 'not now'; END IF; RETURN new; END $$`);
  await system.database.query('CREATE TRIGGER rung BEFORE INSERT ON call_trace FOR EACH ROW EXECUTE FUNCTION refuse_rung()');
  const unreported = await ringing(life);
  await until('a ring is not noted', () => system.process('socket-gateway', 1).output().includes('deliveries were not reported'));
  await system.database.query('DROP TRIGGER rung ON call_trace');
  expect(await ann.cancel(unreported)).toMatchObject({ ok: true });
};

/** Whoever answers wrong: the push provider, the receiver of webhooks, the pre-ring hook. */
const failOutside = async (life: Life): Promise<void> => {
  const { ann, hook, standIn, system } = life;
  standIn.script({ status: 500 });
  hook.answerWith((_received, response) => void response.writeHead(500).end());
  const pushed = await placed(ann, 'gil');
  await until('a webhook was refused', async () => {
    const refused = await system.database.query("SELECT FROM webhooks WHERE error = 'answered 500'");
    return refused.length > 0;
  });
  await until('a push was refused', () => standIn.attempts().some(({ status }) => status === 500));
  hook.answerWith((_received, response) => void response.end('{"action":"allow"}'));
  await ann.cancel(pushed);
};

/** Redis is full, and takes no job. */
const fillRedis = async ({ ann, bob, system }: Life, redisUrl: string): Promise<void> => {
  await commandOnce(redisUrl, 'CONFIG', 'SET', 'maxmemory', '1');
  const callId = await placed(ann, bob.userId);
  await until('call-service says so', () => system.process('call-service', 0).output().includes('Redis refused an event or a job'));
  await commandOnce(redisUrl, 'CONFIG', 'SET', 'maxmemory', '0');
  await ann.cancel(callId);
};

/** Every process and every store goes away once, with calls under way. */
const loseEverything = async (life: Life, redis: { url: string; pid?: number | null }): Promise<AsyncDisposable> => {
  const { ann, bob, standIn, system } = life;
  const callService = system.process('call-service', 0);
  // Whatever else is still on its way to the provider takes as long.
  standIn.script({ status: null, delayMs: 1000, times: 10 });
  const pushed = await placed(ann, 'gil');
  await until('a push is under way', () => JSON.stringify(standIn.attempts()).includes(pushed));
  await callService.kill();
  await until('the result of the push is not taken', () => system.process('notifier', 0).output().includes('were not taken'));
  expect(await ann.place({ calleeId: bob.userId })).toMatchObject({ ok: false });
  await callService.start();
  await until('the call ends', async () => (await ann.cancel(pushed)).ok);
  await placed(ann, 'gil');
  await system.database.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  process.kill(redis.pid as number, 'SIGKILL');
  await until('call-service says that Redis is away', async () => {
    const { checks } = (await (await fetch(`${system.callServices[0]?.url}/readyz`)).json()) as { checks: { redis: boolean } };
    return !checks.redis;
  });
  const says = (service: 'call-service' | 'socket-gateway', words: string): Promise<unknown> =>
    until(`${service}: ${words}`, () => system.process(service, 0).output().includes(words));
  await says('call-service', 'Redis is away');
  await says('socket-gateway', 'trouble with Redis');
  const rows = await system.database.query<{ id: string }>("SELECT id FROM calls WHERE ended_at IS NULL AND caller_id = 'ann'");
  for (const { id } of rows) await ann.cancel(id);
  const back = await startRedis({ ...OPTIONS, port: Number(new URL(redis.url).port) });
  await until('everything was published', async () => (await system.database.query('SELECT FROM outbox')).length === 0, 20_000);
  await says('socket-gateway', 'Redis is heard again');
  return back;
};

it('every line of a log that is about a call has its id in the field that one searches by, whatever happens', {
  timeout: 180_000,
}, async () => {
  await using redis = await startRedis(OPTIONS);
  await using hook = await startWebhookReceiver();
  hook.answerWith((_received, response) => void response.end('{"action":"allow"}'));
  const settings = {
    REDIS_URL: redis.url,
    LOG_LEVEL: 'trace',
    WEBHOOK_URL: hook.url,
    WEBHOOK_SECRET: TEST_WEBHOOK_SECRET,
    PRE_RING_HOOK_URL: hook.url,
    CONNECT_TIMEOUT_SECONDS: '2',
    UNREACHABLE_GRACE_SECONDS: '1',
  };
  await using pushed = await startPushSystem({ settings, asProcesses: ['call-service', 'socket-gateway', 'notifier'] });
  const { system } = pushed;
  await using ann = await system.phone('onlycare', 0, 'ann');
  await using bob = await system.phone('chattrix-ws', 1, 'bob');
  await pushed.fcm('gil');
  const life = { ...pushed, hook, ann, bob };
  await liveThroughEveryEnd(life);
  await poison(life);
  await failOutside(life);
  await fillRedis(life, redis.url);
  await using _back = await loseEverything(life, redis);

  const calls = (await system.database.query<{ id: string }>('SELECT id FROM calls')).map(({ id }) => id);
  const output = [
    system.process('call-service', 0),
    system.process('socket-gateway', 0),
    system.process('socket-gateway', 1),
    system.process('notifier', 0),
  ].flatMap((child) =>
    child
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{')),
  );
  expect(without(output, calls)).toEqual([]);

  // What was to be met was met: the lines of these failures are there.
  const said = new Set(output.map((line) => (JSON.parse(line) as Line).msg));
  for (const msg of [
    'a call went on',
    'inputs could not be decided',
    'a push has its result',
    'the pre-ring hook gave no answer',
    'commands were not answered',
    'results of pushes were not taken; they are reported again',
    'deliveries were not reported',
    'Redis is away: what is committed goes out when it is back',
    'trouble with Redis',
    'Redis is heard again: every session is told what it missed',
  ])
    expect(said).toContain(msg);
  expect(calls.length).toBeGreaterThan(8);
});
