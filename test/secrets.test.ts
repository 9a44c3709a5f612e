import { type System, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { CANARIES, watchLeaks } from './canaries.ts';
import { startPushSystem } from './push-system.ts';
import { dumpRedis } from './redis-dump.ts';
import { blunder, callEachOther, chat, restOf } from './secret-life.ts';
import { startTraceReceiver } from './trace-receiver.ts';

const PREFIX = `secrets-${process.pid}`;

const PROCESSES = [
  ['call-service', 0],
  ['socket-gateway', 0],
  ['socket-gateway', 1],
  ['notifier', 0],
] as const;

/** A push whose hint died with the call-service, or with a connection of it, is found by the sweep 15 s after; a claim lasts 60 s. */
const LOST_HINT_MS = 90_000;

const outputOf = (system: System): string => PROCESSES.map(([service, index]) => system.process(service, index).output()).join('');

interface LogLine {
  level: string;
  time: string;
  service: string;
  msg: string;
  callId?: string;
  callIds?: string[];
}

const metricsOf = async (system: System): Promise<string> => {
  const urls = [...system.callServices, ...system.gateways, system.notifier].map(({ url }) => `${url}/metrics`);
  return (await Promise.all(urls.map(async (url) => (await fetch(url)).text()))).join('\n');
};

/** What a push carries, without whom it is addressed to. */
const contentsOf = (pushes: readonly object[]): string =>
  JSON.stringify(pushes, (key, value) => (['target', 'token', 'vapid'].includes(key) ? undefined : value));

it('no secret and no word of people is in a log line, a metric, a trace, a queue or a push, whatever happens', {
  timeout: 240_000,
}, async () => {
  const leaks = watchLeaks();
  await using receiver = await startTraceReceiver();
  const settings = {
    REDIS_PREFIX: PREFIX,
    LOG_LEVEL: 'trace',
    SERVER_API_KEYS: CANARIES.serverKey,
    INTERNAL_TOKEN: CANARIES.internalToken,
    PUSH_BREAKER_FAILURES: '100',
    AGORA_APP_ID: '0123456789abcdef0123456789abcdef',
    AGORA_APP_CERTIFICATE: CANARIES.mediaCertificate,
    TURN_URLS: 'turn:turn.example:3478',
    TURN_SECRET: CANARIES.turnSecret,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  };
  await using pushed = await startPushSystem({ settings, asProcesses: ['call-service', 'socket-gateway', 'notifier'] });
  const { system, standIn, backend } = pushed;
  const life = { pushed, leaks };
  leaks.add('the private VAPID key', pushed.settings.VAPID_PRIVATE_KEY);

  const gone = await pushed.fcm('gil');
  leaks.add('the dead push token', gone);
  for (const userId of ['ana', 'eve', 'gil']) {
    leaks.add(`push token of ${userId}`, await pushed.fcm(userId));
    const { endpoint, keys } = await pushed.browser(userId);
    leaks.add(`endpoint of ${userId}`, endpoint.split('/').at(-1) ?? '');
    leaks.add(`push key of ${userId}`, keys.auth);
  }

  // While nobody works on the queue, what waits there can be looked at.
  await system.process('notifier', 0).kill();
  const gil = await (await restOf(life, 'dan')).post('/api/v1/calls/initiate', { calleeId: 'gil' });
  await backend.post('/v1/server/chats/none/messages', { content: CANARIES.text });
  await chat(life);
  const waiting = await until('pushes wait in Redis', async () => {
    const dump = await dumpRedis(system.redis, PREFIX);
    return dump.includes('push-') && dump.includes('ring_timeout') ? dump : null;
  });
  await (await restOf(life, 'dan')).post(`/api/v1/calls/${gil.body.data.id}/cancel`, { reason: CANARIES.reason });
  for (const status of [500, 429]) standIn.script({ status, times: 2 });
  standIn.unregister(gone);
  await system.process('notifier', 0).start();

  const callIds = await callEachOther(life);
  await blunder(life);
  const bulk = { userIds: ['eve'], type: 'system_alert', template: { title: 'Maintenance', body: 'Tonight' } };
  await backend.post('/v1/server/notifications', bulk);
  // A call-service that dies with commands under way, and connections that the database ends.
  await system.database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await until('the database answers again', async () => (await (await restOf(life, 'ana')).get('/api/v1/calls/history')).status === 200);
  await chat(life);
  await system.process('call-service', 0).kill();
  await (await restOf(life, 'ana')).get('/api/v1/calls/history').catch(() => null);
  await system.process('call-service', 0).start();
  callIds.push(...(await callEachOther(life)));
  for (const type of ['system_alert', 'chat_message', 'incoming_call', 'call_cancelled'])
    await until(`a push of ${type} arrives`, () => contentsOf(standIn.received()).includes(`"${type}"`), LOST_HINT_MS);

  for (const name of [
    'command place_call',
    'command send_message',
    'decide reject_call',
    'publish chats',
    'deliver call_placed',
    'push incoming_call',
  ])
    await until(`a span of ${name}`, () => receiver.spans.some((span) => span.name === name));
  const output = outputOf(system);
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const sinks = {
    logs: output,
    metrics: await metricsOf(system),
    queues: waiting + (await dumpRedis(system.redis, PREFIX)),
    pushes: contentsOf(standIn.attempts()),
    traces: receiver.received(),
  };
  const leaked = Object.entries(sinks).flatMap(([sink, text]) => leaks.in(text).map((canary) => `${canary} is in ${sink}`));
  expect(leaked).toEqual([]);

  // What is looked for was there to be found: the words reached the database, and the logs tell of all these calls.
  const stored = await system.database.query<{ content: string }>('SELECT content FROM messages');
  expect(leaks.in(JSON.stringify(stored))).toContain('text');
  const parsed = lines.map((line) => JSON.parse(line) as LogLine);
  const told = new Set(parsed.flatMap(({ callId, callIds: several = [] }) => [callId, ...several]));
  expect(callIds.filter((callId) => !told.has(callId))).toEqual([]);
  expect(new Set(parsed.map(({ service }) => service))).toEqual(new Set(['call-service', 'socket-gateway', 'notifier']));
  // And every line that is about one of them says so in the field that one searches by.
  const about = lines.filter((line) => callIds.some((callId) => line.includes(callId)));
  expect(about.filter((line) => !/"callIds?":/.test(line))).toEqual([]);
});
