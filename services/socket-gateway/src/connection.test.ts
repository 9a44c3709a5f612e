import type { Subscriber } from '@trunkline/bus';
import {
  type Call,
  type CallEvent,
  CallId,
  type CloseReason,
  type CommandReply,
  refusal,
  type ServerEvent,
  SessionId,
} from '@trunkline/contract';
import { createMetrics, type Identity } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { ANA, aCall, aCallEvent, BEN, PLACED_AT } from '../test/call-event.ts';
import { Connection } from './connection.ts';
import { DatabaseClock } from './database-clock.ts';
import type { EventFrame } from './dialects/dialect.ts';
import { onlycare } from './dialects/onlycare.ts';
import { GATEWAY_METRICS } from './gateway-metrics.ts';
import type { NotAdmitted } from './session-reports.ts';
import { MAX_QUEUED_BYTES } from './transports/transport.ts';

const identity = (changes: Partial<Identity> = {}): Identity => ({
  userId: BEN,
  name: null,
  avatar: null,
  role: null,
  deviceId: null,
  expiresAt: 1000,
  ...changes,
});

/** A connection of Ben, and every edge it touches. The test decides when Redis and call-service answer. */
const connect = () => {
  const subscription = Promise.withResolvers<void>();
  const clock = new DatabaseClock(() => 0);
  clock.learn({ databaseNow: PLACED_AT, sentAt: 0, receivedAt: 0 });
  type Admission = { events: CallEvent[]; refused: boolean } | NotAdmitted;
  const opened: ((admission: Admission) => void)[] = [];
  const commands: { callId: string | undefined; reply(reply: CommandReply): void }[] = [];
  const seen = {
    frames: [] as EventFrame[],
    acknowledged: [] as unknown[],
    closedFor: [] as CloseReason[],
    delivered: [] as string[],
    probes: [] as (() => void)[],
    reports: [] as string[],
    queuedBytes: 0,
    hasRoom: true,
    left: null as Promise<void> | null,
    hear: (_event: ServerEvent): void => undefined,
  };
  const subscriber: Subscriber = {
    subscribe: (_userId, listener) => {
      seen.hear = listener;
      return { inForce: subscription.promise, end: () => seen.reports.push('unsubscribed') };
    },
    subscribeToChats: () => expect.unreachable('a call session hears no chats'),
    tell: () => undefined,
    onNotice: () => undefined,
    onGapEnded: () => undefined,
    isHearing: () => true,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const connection = new Connection<EventFrame>({
    sessionId: SessionId.parse('ben-s1'),
    identity: identity(),
    dialect: onlycare,
    socket: {
      write: (frame) => seen.frames.push(frame) > 0,
      probe: (onSign) => void seen.probes.push(onSign),
      queuedBytes: () => seen.queuedBytes,
      close: (reason) => seen.closedFor.push(reason),
    },
    services: {
      sendCommand: ({ command }) => new Promise((reply) => commands.push({ callId: command.callId, reply })),
      reports: {
        opened: () => {
          seen.reports.push('opened');
          return new Promise((resolve) => opened.push(resolve));
        },
        closed: async () => void seen.reports.push('closed'),
        hasRoom: () => seen.hasRoom,
        giveUp: () => undefined,
      },
      deliveries: { add: ({ kind }) => seen.delivered.push(kind) },
      subscriber,
      presence: { enter: () => seen.reports.push('entered'), leave: () => seen.reports.push('left') },
      clock,
      authenticate: async (token) => {
        if (token === 'bad') return 'unauthenticated';
        if (token === 'shorter') return identity();
        return token === 'early' ? 'unavailable' : identity({ userId: token === 'ana' ? ANA : BEN, expiresAt: 9000 });
      },
      commandsPerSecond: 200,
      metrics: createMetrics(GATEWAY_METRICS).of,
    },
    onEnd: (left) => {
      seen.left = left;
    },
  });
  const names = (): (string | null)[] => seen.frames.map(({ event }) => event);
  const admitUnsubscribed = async (admission: Admission): Promise<void> => {
    await expect.poll(() => opened.length).toBeGreaterThan(0);
    opened.shift()?.(admission);
  };
  const admit = (admission: Admission): Promise<void> => {
    subscription.resolve();
    return admitUnsubscribed(admission);
  };
  const answerOpened = (events: CallEvent[] | NotAdmitted): Promise<void> =>
    admit(typeof events === 'string' ? events : { events, refused: false });
  const ask = (event: string, body: object): void => connection.onFrame({ event, body }, (answer) => seen.acknowledged.push(answer));
  return { connection, seen, commands, names, admit, admitUnsubscribed, answerOpened, ask, subscribed: subscription.resolve };
};

const cancelled = (seq: number): CallEvent =>
  aCallEvent({ type: 'call_cancelled', call: aCall({ seq, state: 'CANCELLED', reason: 'cancelled' }) });
const ring = (seq: number): CallEvent => aCallEvent({ ringMsLeft: 30_000, call: aCall({ seq }) });
const endedByItself: CallEvent = {
  ...aCallEvent({ type: 'call_ended', call: aCall({ seq: 5, state: 'ENDED', reason: 'hung_up', endedBy: BEN }) }),
  actor: { userId: BEN, deviceId: null, sessionId: SessionId.parse('ben-s1') },
};
const ended = (seq: number): CallEvent => aCallEvent({ type: 'call_ended', call: aCall({ seq, state: 'ENDED', reason: 'lost' }) });

const anotherCall = (changes: Partial<Call> = {}): Call => aCall({ id: CallId.parse('CALL_2'), ...changes });
const ringOfAnother = aCallEvent({ at: PLACED_AT + 1, ringMsLeft: 30_000, call: anotherCall() });
const OF_BEN = { callerId: BEN, calleeId: ANA };
const BY_BEN = { userId: BEN, deviceId: null, sessionId: null };

describe('a connection that opens', () => {
  it('enters and listens before it asks what it missed', async () => {
    const { seen, answerOpened } = connect();
    expect(seen.reports).toEqual(['entered']);
    await answerOpened([]);
    expect(seen.reports).toEqual(['entered', 'opened']);
  });

  it('tells the snapshot, then what it heard meanwhile, less what the snapshot told', async () => {
    const { seen, names, answerOpened } = connect();
    seen.hear({ ...ring(2), type: 'call_ringing' });
    seen.hear(cancelled(3));
    expect(names()).toEqual([]);
    await answerOpened([ring(2)]);
    await expect.poll(names).toEqual(['call:incoming', 'call:cancelled']);
  });

  it('keeps the commands until it is open', async () => {
    const { commands, ask, answerOpened } = connect();
    ask('call:accept', { callId: 'a' });
    expect(commands).toHaveLength(0);
    await answerOpened([]);
    await expect.poll(() => commands.length).toBe(1);
  });

  it('asks for another snapshot when its channel is heard later than it waits', async () => {
    const { names, admitUnsubscribed, answerOpened } = connect();
    await admitUnsubscribed({ events: [], refused: false });
    // The ring was published before anybody heard the channel.
    await answerOpened([ring(2)]);
    await expect.poll(names).toEqual(['call:incoming']);
  });

  it('asks for another snapshot when it heard more than it can hold', async () => {
    const { seen, answerOpened } = connect();
    for (let seq = 1; seq <= 300; seq += 1) seen.hear(cancelled(seq));
    await answerOpened([]);
    await expect.poll(() => seen.reports).toEqual(['entered', 'opened', 'opened']);
  });

  it('stays where call-service is slow: what waits is refused each time, and what comes then goes when it is open', async () => {
    const { seen, commands, names, ask, answerOpened } = connect();
    ask('call:accept', { callId: 'a' });
    await answerOpened('busy');
    await expect
      .poll(() => seen.acknowledged)
      .toEqual([{ ok: false, error: expect.objectContaining({ code: 'service_error', callId: 'a' }) }]);
    ask('call:accept', { callId: 'a' });
    await answerOpened([ring(2)]);
    await expect.poll(() => commands.length).toBe(1);
    expect(names()).toEqual(['call:incoming']);
    expect(seen.closedFor).toEqual([]);
  });

  it('closes, and refuses what waits, when no call-service can be reached', async () => {
    const { seen, names, ask, answerOpened } = connect();
    ask('call:accept', { callId: 'a' });
    await answerOpened('unreachable');
    await expect.poll(() => seen.closedFor).toEqual(['unavailable']);
    expect(seen.acknowledged).toEqual([{ ok: false, error: expect.objectContaining({ code: 'service_error', callId: 'a' }) }]);
    expect(names()).toEqual(['connection:closing']);
    await seen.left;
    expect(seen.reports.at(-1)).toBe('closed');
  });
});

it('a connection for which there is no room closes, and has nothing to report', async () => {
  const { seen, subscribed } = connect();
  seen.hasRoom = false;
  subscribed();
  await expect.poll(() => seen.closedFor).toEqual(['unavailable']);
  await seen.left;
  expect(seen.reports).toEqual(['entered', 'unsubscribed', 'left']);
});

it('a connection that is one too many closes so that the client comes back: the others may be dead and not found so yet', async () => {
  const { seen, admit } = connect();
  await admit({ events: [], refused: true });
  await expect.poll(() => seen.closedFor).toEqual(['too_many_connections']);
  expect(seen.frames[0]?.body).toMatchObject({ reason: 'too_many_connections', reconnect: true });
});

describe('a connection that closes', () => {
  it('reports it last, after the commands that it still had to send', async () => {
    const { connection, seen, commands, ask, answerOpened } = connect();
    ask('call:cancel', { callId: 'a' });
    await answerOpened([]);
    connection.onClose(null);
    await expect.poll(() => commands.length).toBe(1);
    expect(seen.reports).toEqual(['entered', 'opened', 'unsubscribed', 'left']);
    commands[0]?.reply({ ok: true, call: aCall() });
    await seen.left;
    expect(seen.reports.at(-1)).toBe('closed');
    expect(seen.acknowledged).toEqual([]);
  });

  it('has nothing to report when it never opened, but still sends what it took', async () => {
    const { connection, seen, commands, ask, subscribed } = connect();
    ask('call:reject', { callId: 'a' });
    connection.onClose(null);
    subscribed();
    await expect.poll(() => commands.length).toBe(1);
    commands[0]?.reply({ ok: true, call: aCall() });
    await seen.left;
    expect(seen.reports).toEqual(['entered', 'unsubscribed', 'left']);
  });

  it('says nothing more', async () => {
    const { connection, seen, names, answerOpened } = connect();
    await answerOpened([]);
    connection.close('going_away');
    connection.close('token_expired');
    seen.hear(cancelled(1));
    expect(names()).toEqual(['connection:closing']);
    expect(seen.closedFor).toEqual(['going_away']);
  });
});

describe('an open connection', () => {
  const open = async () => {
    const all = connect();
    await all.answerOpened([]);
    all.ask('nonsense', {});
    all.seen.hear(cancelled(1));
    await expect.poll(all.names).toEqual(['call:cancelled']);
    all.seen.frames.length = 0;
    all.seen.acknowledged.length = 0;
    return all;
  };

  it('answers a command before it tells what the command caused', async () => {
    const { seen, names, commands, ask } = await open();
    ask('call:end', { callId: 'CALL_1' });
    seen.hear(ended(2));
    expect(names()).toEqual([]);
    commands[0]?.reply({ ok: true, call: aCall() });
    await expect.poll(names).toEqual(['call:ended']);
    expect(seen.acknowledged).toHaveLength(1);
  });

  it('answers a place before it tells of the call with the same person that it was merged into', async () => {
    const { seen, names, commands, ask } = await open();
    ask('call:initiate', { receiverId: 'ana' });
    seen.hear(ended(2));
    expect(names()).toEqual([]);
    commands[0]?.reply({ ok: true, call: aCall() });
    await expect.poll(names).toEqual(['call:ended']);
  });

  it.each([
    ['call:accept', anotherCall({ seq: 2, state: 'CONNECTING', acceptedAt: PLACED_AT })],
    ['call:reject', anotherCall({ seq: 2, state: 'REJECTED', reason: 'declined', endedAt: PLACED_AT })],
  ] as const)('does not ring once its %s was answered, though the ring came before the answer', async (command, call) => {
    const { seen, names, commands, ask } = await open();
    ask(command, { callId: 'CALL_2' });
    seen.hear(ringOfAnother);
    commands[0]?.reply({ ok: true, call });
    await expect.poll(() => seen.acknowledged.length).toBe(1);
    seen.hear(ringOfAnother);
    expect(names()).toEqual([]);
  });

  it('does not ring for the call that its place became part of, and says that it was accepted', async () => {
    const { seen, names, commands, ask } = await open();
    const call = anotherCall({ seq: 2, state: 'CONNECTING', acceptedAt: PLACED_AT });
    ask('call:initiate', { receiverId: 'ana' });
    seen.hear(ringOfAnother);
    seen.hear(aCallEvent({ type: 'call_accepted', merged: true, actor: BY_BEN, call }));
    commands[0]?.reply({ ok: true, call });
    await expect.poll(names).toEqual(['call:accepted']);
  });

  it('does not say that a call was accepted which it was answered is over', async () => {
    const { seen, names, commands, ask } = await open();
    const accepted = anotherCall({ ...OF_BEN, seq: 3, state: 'CONNECTING', acceptedAt: PLACED_AT });
    ask('call:end', { callId: 'CALL_2' });
    seen.hear(aCallEvent({ type: 'call_accepted', call: accepted }));
    commands[0]?.reply({ ok: true, call: { ...accepted, seq: 4, state: 'ENDED', reason: 'hung_up', endedBy: BEN, endedAt: PLACED_AT } });
    await expect.poll(() => seen.acknowledged.length).toBe(1);
    expect(names()).toEqual([]);
  });

  it('says that a call was accepted to who was answered that it is connected', async () => {
    const { seen, names, commands, ask } = await open();
    const accepted = anotherCall({ ...OF_BEN, seq: 3, state: 'CONNECTING', acceptedAt: PLACED_AT });
    ask('call:ringing', { callId: 'CALL_2' });
    seen.hear(aCallEvent({ type: 'call_accepted', call: accepted }));
    commands[0]?.reply({ ok: true, call: { ...accepted, seq: 4, state: 'ACTIVE' } });
    await expect.poll(names).toEqual(['call:accepted']);
  });

  it('answers a command before it tells what a new snapshot says of its call', async () => {
    const { connection, seen, names, commands, ask, answerOpened } = await open();
    ask('call:end', { callId: 'CALL_1' });
    connection.refresh();
    await answerOpened([ended(2)]);
    await expect.poll(() => seen.reports.length).toBe(3);
    expect(names()).toEqual([]);
    commands[0]?.reply({ ok: true, call: aCall() });
    await expect.poll(names).toEqual(['call:ended']);
  });

  it('asks for a new snapshot as soon as it has told what it held, where it heard more than it can hold', async () => {
    const { seen, commands, ask } = await open();
    ask('call:end', { callId: 'CALL_1' });
    for (let seq = 2; seq <= 300; seq += 1) seen.hear({ ...ended(seq), type: 'call_connected' });
    commands[0]?.reply({ ok: true, call: aCall() });
    await expect.poll(() => seen.reports).toEqual(['entered', 'opened', 'opened']);
  });

  it('tells of other calls meanwhile', async () => {
    const { seen, names, ask } = await open();
    ask('call:end', { callId: 'another' });
    seen.hear(ended(2));
    expect(names()).toEqual(['call:ended']);
  });

  it('asks again for a snapshot that did not come', async () => {
    const { connection, seen, names, answerOpened } = await open();
    connection.refresh();
    await answerOpened('busy');
    await expect.poll(() => seen.reports.length).toBe(3);
    connection.catchUp();
    await answerOpened([ended(2)]);
    await expect.poll(names).toEqual(['call:ended']);
  });

  it('reports a stop when its client shows that it got it', async () => {
    const { seen } = await open();
    seen.hear(ended(2));
    expect(seen.delivered).toEqual([]);
    for (const sign of seen.probes) sign();
    await expect.poll(() => seen.probes.length, { timeout: 5000 }).toBe(2);
    seen.probes[1]?.();
    expect(seen.delivered).toEqual(['stop', 'stop']);
  });

  it('reports no stop once it has ended, whatever still comes', async () => {
    const { connection, seen } = await open();
    seen.hear(ended(2));
    connection.onClose(null);
    for (const sign of seen.probes) sign();
    expect(seen.delivered).toEqual([]);
  });

  it('is idle when what its client asked is answered', async () => {
    const { connection, seen, commands, ask, answerOpened } = connect();
    ask('call:accept', { callId: 'a' });
    const answered = connection.answered();
    expect(connection.isIdle).toBe(false);
    await answerOpened([]);
    await expect.poll(() => commands.length).toBe(1);
    expect(connection.isIdle).toBe(false);
    commands[0]?.reply({ ok: true, call: aCall() });
    await answered;
    expect([connection.isIdle, seen.acknowledged.length]).toEqual([true, 1]);
  });

  it('tells who is sent away when to come back', async () => {
    const { connection, seen } = await open();
    connection.close('going_away');
    expect(seen.closedFor).toEqual(['going_away']);
    const body = { code: 4001, reason: 'going_away', reconnect: true, reconnectInMs: expect.any(Number) };
    expect(seen.frames).toEqual([{ event: 'connection:closing', body }]);
  });

  it('does not ring from the bus for what was decided before its snapshot, but asks for another one', async () => {
    const { seen, names } = await open();
    seen.hear({ ...ringOfAnother, at: PLACED_AT });
    await expect.poll(() => seen.reports).toEqual(['entered', 'opened', 'opened']);
    expect(names()).toEqual([]);
  });

  it('closes when its client does not read', async () => {
    const { seen } = await open();
    seen.queuedBytes = MAX_QUEUED_BYTES + 1;
    seen.hear(ended(2));
    expect(seen.closedFor).toEqual(['too_slow']);
  });

  it('closes when its client does not read what it is answered', async () => {
    const { seen, ask } = await open();
    seen.queuedBytes = MAX_QUEUED_BYTES + 1;
    ask('nonsense', {});
    expect(seen.closedFor).toEqual(['too_slow']);
  });

  it('hears of the end that it asked for itself, where it was told that this failed', async () => {
    const { seen, ask, commands, names } = await open();
    ask('call:end', { callId: aCall().id });
    await expect.poll(() => commands.length).toBe(1);
    commands[0]?.reply({ ok: false, error: refusal('service_error') });
    await expect.poll(() => seen.acknowledged.length).toBe(1);
    seen.hear(endedByItself);
    expect(names()).toEqual(['call:ended']);
  });

  it('hears of that end too where another command about the call was answered meanwhile', async () => {
    const { seen, ask, commands, names } = await open();
    ask('call:end', { callId: aCall().id });
    ask('call:quality', { callId: aCall().id, quality: 'BAD' });
    await expect.poll(() => commands.length).toBe(1);
    commands[0]?.reply({ ok: false, error: refusal('service_error') });
    await expect.poll(() => commands.length).toBe(2);
    commands[1]?.reply({ ok: true, call: aCall() });
    await expect.poll(() => seen.acknowledged.length).toBe(2);
    seen.hear(endedByItself);
    expect(names()).toEqual(['call:ended']);
  });

  it('does not hear of the end that it asked for itself, where the second try was answered', async () => {
    const { seen, ask, commands, names } = await open();
    for (const reply of [
      { ok: false, error: refusal('service_error') },
      { ok: true, call: aCall() },
    ] as const) {
      const count = commands.length;
      ask('call:end', { callId: aCall().id });
      await expect.poll(() => commands.length).toBe(count + 1);
      commands[count]?.reply(reply);
      await expect.poll(() => seen.acknowledged.length).toBe(count + 1);
    }
    seen.hear(endedByItself);
    expect(names()).toEqual([]);
  });

  it('lasts as long as a refreshed token of the same user', async () => {
    const { connection, seen, ask } = await open();
    expect(connection.expiresAt).toBe(1000);
    ask('auth:refresh', { token: 'ben' });
    await expect.poll(() => connection.expiresAt).toBe(9000);
    ask('auth:refresh', { token: 'shorter' });
    await expect
      .poll(() => seen.acknowledged)
      .toEqual([
        { ok: true, success: true },
        { ok: true, success: true },
      ]);
    expect(connection.expiresAt).toBe(9000);
  });

  it.each([
    ['of somebody else', 'ana', 'unauthenticated'],
    ['that does not hold', 'bad', 'unauthenticated'],
    ['of which nothing is known now', 'early', 'service_error'],
  ])('takes no token %s, and stays', async (_name, token, code) => {
    const { connection, seen, ask } = await open();
    ask('auth:refresh', { token });
    await expect.poll(() => seen.acknowledged).toEqual([{ ok: false, error: expect.objectContaining({ code }) }]);
    expect(connection.expiresAt).toBe(1000);
    expect(seen.closedFor).toEqual([]);
  });
});
