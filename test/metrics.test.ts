import { METRICS } from '@trunkline/docs';
import { type System, startSystem, UpgradeRefused, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, openRoom, say, startChatSystem } from './chat-room.ts';
import { startPrometheus } from './prometheus-server.ts';
import { startPushSystem } from './push-system.ts';
import { type Scrape, scrape } from './scrape.ts';
import { connectTwo, ring } from './two-phones.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ settings: { LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '1', LIMIT_COMMANDS_PER_SECOND: '20' } });
});
afterAll(() => system[Symbol.asyncDispose]());

/** How much a series of a service has grown since. */
const growth = async (service: { url: string }) => {
  const before = await scrape(service);
  /** Waits until it has grown by as much: a gateway counts what it wrote a moment after the client has read it. */
  return (series: string, by: number): Promise<true> =>
    until(`${series} has grown by ${by}`, async () => (await scrape(service)).value(series) - before.value(series) === by);
};

const serviceOf = (services: readonly { url: string }[], index: number): { url: string } => services[index] as { url: string };

it('a call over two gateways is counted by each service that had to do with it', async () => {
  const gateways = [serviceOf(system.gateways, 0), serviceOf(system.gateways, 1)] as const;
  const callService = serviceOf(system.callServices, 0);
  const [callers, callees, decided] = await Promise.all([growth(gateways[0]), growth(gateways[1]), growth(callService)]);
  {
    await using phones = await connectTwo(system, ['onlycare', 'otomo']);
    const { callId } = await ring(phones);
    await callers('connections{dialect="onlycare"}', 1);
    await callees('connections{dialect="otomo"}', 1);
    await phones.callee.reject(callId);
    await phones.caller.hears('rejected', callId);
    expect(await phones.caller.place({ calleeId: phones.callee.userId })).toMatchObject({ code: 'rate_limited' });
    await callers('commands_total{command="place_call",dialect="onlycare",outcome="rate_limited"}', 1);
  }
  await callers('connections_opened_total{dialect="onlycare"}', 1);
  await callers('connections{dialect="onlycare"}', 0);
  await callers('connection_closes_total{dialect="onlycare",reason="client_left"}', 1);
  await callers('commands_total{command="place_call",dialect="onlycare",outcome="ok"}', 1);
  await callers('command_seconds_count{command="place_call"}', 2);
  await callers('events_total{event="call_rejected",dialect="onlycare",outcome="written"}', 1);
  await callers('event_delivery_seconds_count{event="call_rejected"}', 1);
  await callees('commands_total{command="reject_call",dialect="otomo",outcome="ok"}', 1);
  await callees('events_total{event="call_placed",dialect="otomo",outcome="written"}', 1);

  await decided('calls_placed_total', 1);
  await decided('calls_ended_total{state="REJECTED",reason="declined"}', 1);
  await decided('decisions_total{command="place_call",dialect="onlycare",outcome="ok"}', 1);
  await decided('decisions_total{command="reject_call",dialect="otomo",outcome="ok"}', 1);
  await decided('event_publish_seconds_count{event="call_rejected"}', 1);
  await decided('rate_limited_total{limit="initiate_pair"}', 1);
  // A session is reported again whenever something may have been missed, so there may be more.
  expect((await scrape(callService)).value('session_reports_total{kind="opened"}')).toBeGreaterThanOrEqual(2);
  await decided('session_reports_total{kind="closed"}', 2);
  const said = await scrape(callService);
  expect(said.value('gateway_leases')).toBe(2);
  expect(said.value('ready{check="database"}')).toBe(1);
  expect(said.value('http_requests_total{method="LINK",route="/internal/commands",status="200"}')).toBeGreaterThan(0);
  await until('the outbox is empty', async () => (await scrape(callService)).value('outbox_events') === 0);
});

it('a chat is counted by the gateway and by call-service, with its connections', async () => {
  await using chats = await startChatSystem({ gateways: 1 });
  const [gateway, callService] = [serviceOf(chats.gateways, 0), serviceOf(chats.callServices, 0)];
  const { chatId, userId, shopperId } = await openRoom(chats);
  const [heard, decided] = await Promise.all([growth(gateway), growth(callService)]);
  {
    await using user = await chats.otsy(0, userId);
    await using _shopper = await chats.otsy(0, shopperId);
    await heard('connections{dialect="otsy"}', 2);
    await join(user, chatId);
    expect(await say(user, chatId, 'Hello!')).toMatchObject({ ok: true });
    expect(await say(user, chatId, '')).toMatchObject({ ok: false });
    await (await chats.rest(userId)).post(`/v1/chat/${chatId}/messages`, { content: 'and over REST' });
  }
  await heard('connections{dialect="otsy"}', 0);
  await heard('connection_closes_total{dialect="otsy",reason="client_left"}', 2);
  await heard('commands_total{command="join_chat",dialect="otsy",outcome="ok"}', 1);
  await heard('commands_total{command="send_message",dialect="otsy",outcome="ok"}', 1);
  await heard('commands_total{command="unreadable",dialect="otsy",outcome="parse_error"}', 1);
  await heard('command_seconds_count{command="send_message"}', 1);
  await decided('messages_sent_total{type="text"}', 2);
  await decided('decisions_total{command="send_message",dialect="otsy",outcome="ok"}', 1);
  await decided('decisions_total{command="send_message",dialect="rest",outcome="ok"}', 1);
  await decided('event_publish_seconds_count{event="message_sent"}', 2);
});

it('a ring by push is counted by the notifier, and its target by call-service', async () => {
  await using world = await startPushSystem();
  const token = await world.fcm('ben');
  expect((await scrape(serviceOf(world.system.callServices, 0))).value('push_targets')).toBe(1);
  const worked = await growth(world.system.notifier);
  await using caller = await world.system.phone('onlycare', 0, 'ana');
  await caller.place({ calleeId: 'ben' });
  await world.arrives(token, 'incoming_call');
  await worked('pushes_total{provider="fcm",type="incoming_call",outcome="accepted"}', 1);
  await worked('push_accept_seconds_count{provider="fcm",type="incoming_call"}', 1);
  await worked('job_wait_seconds_count{queue="push"}', 1);
  expect((await scrape(world.system.notifier)).text).toContain('trunkline_queue_jobs{queue="push_bulk",state="waiting"} 0');
});

it('who is refused is counted by the reason', async () => {
  const gateway = serviceOf(system.gateways, 0);
  const grown = await growth(gateway);
  await expect(system.connectRaw(0, '/ws/otomo', 'late', { ttlSeconds: -10 })).rejects.toThrow(UpgradeRefused);
  await grown('connection_errors_total{reason="unauthenticated"}', 1);
  expect((await scrape(gateway)).value('bus_hearing')).toBe(1);
});

it('a connection that sends too much is counted, before it is closed for it and then', async () => {
  const grown = await growth(serviceOf(system.gateways, 0));
  await using client = await system.connect(0, 'flooder');
  await client.ask('call:accept', { callId: 'none' });
  for (let index = 0; index < 250; index += 1) client.tell('call:accept', { callId: 'none' });
  await grown('commands_over_limit_total{dialect="onlycare",limit="flood"}', 1);
  await grown('connection_closes_total{dialect="onlycare",reason="flooding"}', 1);
  const said = await scrape(serviceOf(system.gateways, 0));
  for (const limit of ['soft', 'hard'])
    expect(said.value(`commands_over_limit_total{dialect="onlycare",limit="${limit}"}`)).toBeGreaterThan(0);
});

it('a ring that is timed out is counted with its lag, and its job in the queue', async () => {
  const callService = serviceOf(system.callServices, 0);
  const [decided, worked] = await Promise.all([growth(callService), growth(system.notifier)]);
  await using phones = await connectTwo(system, ['chattrix-ws', 'onlycare']);
  const { callId } = await ring(phones, { ringTimeoutSeconds: 5 });
  await phones.caller.hears('timeout', callId);
  await decided('ring_deadline_lag_seconds_count', 1);
  await decided('calls_ended_total{state="MISSED",reason="no_response"}', 1);
  await worked('jobs_total{queue="ring_timeout",outcome="done"}', 1);
  const { text } = await scrape(system.notifier);
  for (const state of ['waiting', 'active', 'delayed', 'failed'])
    expect(text).toMatch(new RegExp(`^trunkline_queue_jobs{queue="ring_timeout",state="${state}"} \\d+$`, 'm'));
});

describe('whatever is counted', () => {
  const services = (): { url: string }[] => [...system.callServices, ...system.gateways, system.notifier];

  it('no label tells of a user, a call, a session or a text', async () => {
    const values = (await Promise.all(services().map(scrape))).flatMap((said: Scrape) => said.labelValues());
    expect(values.length).toBeGreaterThan(50);
    const words = /^(?:[a-z_]+|[A-Z]+|\d{3}|\/[a-zA-Z0-9/:_]*)$/;
    expect([...new Set(values)].filter((value) => !words.test(value) || /^(?:caller|callee|call)-/.test(value))).toEqual([]);
  });

  it('every metric of the tables is there', async () => {
    const texts = (await Promise.all(services().map(scrape))).map(({ text }) => text).join('\n');
    for (const { name } of Object.values(METRICS).flatMap((table) => Object.values(table))) expect(texts).toContain(`# TYPE ${name} `);
  });
});

it('Prometheus scrapes all of it with our configuration, and takes the rules', async () => {
  await using prometheus = await startPrometheus(system);
  await using _phones = await connectTwo(system, ['onlycare', 'onlycare']);
  await until('every target is up', async () => {
    const { activeTargets } = await prometheus.ask('targets');
    return activeTargets.length === 4 && activeTargets.every(({ health }: { health: string }) => health === 'up');
  });
  const query = `query?query=${encodeURIComponent('sum(trunkline_connections) == 2')}`;
  await until('it knows of both phones', async () => (await prometheus.ask(query)).result.length === 1);
  await until('every rule was evaluated', async () => {
    const { groups } = await prometheus.ask('rules');
    const rules = groups.flatMap((group: { rules: { health: string; state: string }[] }) => group.rules);
    return (
      rules.length > 10 && rules.every(({ health, state }: { health: string; state: string }) => health === 'ok' && state !== 'firing')
    );
  });
});
