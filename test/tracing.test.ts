import { startChildService, startSystem, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startPushSystem } from './push-system.ts';
import { type ReceivedSpan, startTraceReceiver, type TraceReceiver } from './trace-receiver.ts';

const TIMES = { timeout: 120_000 };

/** The spans of the trace that begins with this name, once all of these are among them. */
const traceOf = ({ spans }: TraceReceiver, root: string, names: readonly string[]): Promise<readonly ReceivedSpan[]> =>
  until(
    `a trace of ${names.join(', ')}`,
    () => {
      const begun = spans.find(({ name, parentSpanId }) => name === root && parentSpanId === null);
      const trace = spans.filter(({ traceId }) => traceId === begun?.traceId);
      return names.every((name) => trace.some((span) => span.name === name)) ? trace : null;
    },
    20_000,
  );

/** From a span up to where its trace begins. */
const wayTo = (trace: readonly ReceivedSpan[], name: string): string[] => {
  const way: string[] = [];
  for (let span = trace.find((each) => each.name === name); span !== undefined; ) {
    const { parentSpanId } = span;
    way.unshift(`${span.service}: ${span.name}`);
    span = trace.find(({ spanId }) => spanId === parentSpanId);
  }
  return way;
};

it('one trace goes from the command at a gateway to the other gateway’s socket and to the push', TIMES, async () => {
  await using receiver = await startTraceReceiver();
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
  await using pushed = await startPushSystem({ settings, asProcesses: ['call-service', 'socket-gateway', 'notifier'] });
  const { system } = pushed;
  const token = await pushed.fcm('ben');
  await using ana = await system.connect(0, 'ana');
  await using ben = await system.connect(1, 'ben');
  await ana.ask('call:initiate', { receiverId: 'ben', callId: 'CALL_1' });
  await ben.hears('call:incoming');
  await pushed.arrives(token, 'incoming_call');

  const names = ['decide place_call', 'publish calls', 'deliver call_placed', 'job push', 'push incoming_call'];
  const trace = await traceOf(receiver, 'command place_call', names);
  const begun = ['socket-gateway: command place_call', 'call-service: decide place_call'];
  expect(wayTo(trace, 'publish calls')).toEqual([...begun, 'call-service: publish calls']);
  expect(wayTo(trace, 'deliver call_placed')).toEqual([...begun, 'socket-gateway: deliver call_placed']);
  expect(wayTo(trace, 'push incoming_call')).toEqual([...begun, 'notifier: job push', 'notifier: push incoming_call']);
  for (const name of ['command place_call', 'decide place_call', 'deliver call_placed', 'push incoming_call'])
    expect([name, trace.find((span) => span.name === name)?.attributes['trunkline.call_id']]).toEqual([name, 'CALL_1']);

  await ana.ask('call:accept', { callId: 'CALL_1' });
  const [refused] = await traceOf(receiver, 'command accept_call', ['decide accept_call']);
  expect(refused?.problem).toBe('unauthorized');
});

it('a message of a chat is traced too, and what comes over REST goes on with the trace that it brings', TIMES, async () => {
  await using receiver = await startTraceReceiver();
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/` };
  await using pushed = await startPushSystem({ settings });
  const { system, backend } = pushed;
  const chatId = (await backend.post('/v1/chat', { order_id: 'o', user_id: 'ana', shopper_id: 'sho' })).body.id;
  await using ana = await system.otsy(0, 'ana');
  await using sho = await system.otsy(1, 'sho');
  await ana.ask('send_message', { chat_id: chatId, message: { content: 'Hello' } });
  await sho.hears('new_message');
  const trace = await traceOf(receiver, 'command send_message', ['decide send_message', 'publish chats', 'deliver message_sent']);
  expect(wayTo(trace, 'deliver message_sent')).toEqual([
    'socket-gateway: command send_message',
    'call-service: decide send_message',
    'socket-gateway: deliver message_sent',
  ]);

  await (await system.rest('sho')).post(`/v1/chat/${chatId}/messages`, { content: 'Hello' });
  await traceOf(receiver, 'decide send_message', ['publish chats', 'deliver message_sent']);

  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await (await system.rest('ana')).post('/api/v1/calls/initiate', { calleeId: 'ben' }, { traceparent });
  const decided = await until('it is traced', () => receiver.spans.find(({ name }) => name === 'decide place_call'));
  expect(decided).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
});

it('of no share, nothing is traced, and nothing carries a trace', TIMES, async () => {
  await using receiver = await startTraceReceiver();
  const prefix = `untraced-${process.pid}`;
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_TRACES_SAMPLER_ARG: '0', REDIS_PREFIX: prefix };
  const texts: string[] = [];
  {
    await using system = await startSystem({ gateways: 1, settings });
    await system.redis.ssubscribe(`${prefix}:calls:ben`);
    system.redis.on('smessage', (_channel: string, text: string) => void texts.push(text));
    await using ana = await system.connect(0, 'ana');
    await ana.ask('call:initiate', { receiverId: 'ben' });
    await until('the event is on the bus', () => texts.length > 0);
  }
  expect(texts.filter((text) => text.includes('traceparent'))).toEqual([]);
  // The system has sent all it had when it stopped.
  expect(receiver.spans).toEqual([]);
});

/** Tells of every module of OpenTelemetry that is loaded, but for its bare interface, which the Prometheus client loads. */
const TELL_TALE = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) {
    if (/@opentelemetry\\/(?!api\\/)/.test(url)) process.stdout.write('LOADED ' + url + '\\n');
    return next(url, context);
  } });`)}`;

it('switched off, nothing of OpenTelemetry is even loaded', TIMES, async () => {
  const gateway = {
    REDIS_URL: 'redis://127.0.0.1:1',
    JWT_SECRET: 'a secret of a test that starts no system',
    INTERNAL_TOKEN: 'a-token-of-a-test-without-system',
    CALL_SERVICE_URLS: 'http://127.0.0.1:1',
    NODE_OPTIONS: `--import ${TELL_TALE}`,
  };
  const loadedBy = async (settings: Readonly<Record<string, string>>): Promise<boolean> => {
    await using child = await startChildService('socket-gateway', { ...gateway, ...settings }, '/livez');
    return child.output().includes('LOADED');
  };
  expect(await loadedBy({})).toBe(false);
  expect(await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })).toBe(true);
});
