import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallState, CallView } from '@trunkline/contract';
import { Server } from 'socket.io';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Call, type CallEvents, type Client, connect, type IncomingCall } from '../src/index.ts';

// A stand-in for the server, which answers what a test has it answer. `undefined`: nothing.

type Answer = (word: string, callId: string) => unknown;

const viewOf = (id: string, status: CallState): CallView => ({
  id,
  callerId: 'ben',
  calleeId: 'ana',
  callType: 'AUDIO',
  status,
  channelId: 'room',
  startTime: null,
  endTime: null,
  durationSeconds: null,
  createdAt: '',
  updatedAt: '',
});

const done = (callId: string, status: CallState) => ({ ok: true, call: viewOf(callId, status) });
const refused = (callId: string, status: CallState) => ({ ok: false, error: { code: 'invalid_status', message: '', callId, status } });

const startServer = async () => {
  const http = createServer();
  const io = new Server(http);
  let answer: Answer = () => undefined;
  io.on('connection', (socket) =>
    socket.onAny((word, { callId }, acknowledge) => {
      const answered = answer(word, callId);
      if (answered !== undefined) acknowledge(answered);
    }),
  );
  await once(http.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    answers: (given: Answer) => {
      answer = given;
    },
    tell: (word: string, body: object) => io.emit(word, body),
    ring: (callId: string) => {
      const from = { callerId: 'ana', callerName: 'Ana', callerAvatar: null, callType: 'AUDIO', channelId: 'room' };
      io.emit('call:incoming', { callId, ...from, timestamp: 0, expiresAt: 60_000 });
    },
    connections: () => io.engine.clientsCount,
    close: () => io.close(),
  };
};

const ENDS = ['rejected', 'cancelled', 'timeout', 'ended', 'failed'] as const;

/** What was told of a call, but for its states. */
const hearing = (call: Call): string[] => {
  const told: string[] = [];
  for (const name of ['stopped', ...ENDS] satisfies (keyof CallEvents)[]) call.on(name, () => told.push(name));
  return told;
};

const UNHEARD = { state: 'FAILED', event: 'failed', reason: 'closed', endedBy: null, durationSeconds: null };

let server: Awaited<ReturnType<typeof startServer>>;
let client: Client;

/** A call that was placed and is in that state. */
const placed = async (status: CallState = 'RINGING'): Promise<Call> => {
  server.answers((word, callId) => (word === 'call:initiate' ? done(callId, status) : undefined));
  const call = client.place('ana');
  await call.placed;
  return call;
};

const rung = async (callId: string): Promise<IncomingCall> => {
  const ring = new Promise<IncomingCall>((resolve) => client.once('incoming', ({ call }) => resolve(call)));
  await expect.poll(() => client.connection.status).toBe('connected');
  server.ring(callId);
  return ring;
};

beforeEach(async () => {
  server = await startServer();
  client = connect({ url: server.url, token: 'T' });
});
afterEach(async () => {
  client.close();
  await server.close();
});

it('a call whose end was not heard has failed with `closed`, and says so once', async () => {
  const [ring, ringing, answered] = [await rung('C'), await placed('RINGING'), await placed('CONNECTING')];
  const told = [ring, ringing, answered].map(hearing);
  client.close();
  for (const call of [ring, ringing, answered]) {
    expect(await call.finished).toMatchObject({ ...UNHEARD, error: { code: 'closed', callId: call.id } });
    expect([call.isOver, call.outcome]).toEqual([true, await call.finished]);
  }
  client.close();
  expect([told, client.calls]).toEqual([[['stopped', 'failed'], ['failed'], ['failed']], []]);
});

it('commands that waited are rejected, and say whether they were sent', async () => {
  const [ring, call] = [await rung('C'), await placed('CONNECTING')];
  const ending = call.end();
  const waiting = call.connected();
  const accepting = ring.accept();
  await expect.poll(() => ring.isRinging).toBe(false);
  client.close();
  await expect(ending).rejects.toMatchObject({ code: 'closed', wasSent: true });
  await expect(waiting).rejects.toMatchObject({ code: 'closed', wasSent: false });
  await expect(accepting).rejects.toMatchObject({ code: 'closed', wasSent: true });
});

it('an end that was answered, but not heard of, is rejected too', async () => {
  const call = await placed('RINGING');
  server.answers((_word, callId) => done(callId, 'RINGING'));
  const ending = call.end();
  await expect(Promise.race([ending, call.connected()])).resolves.toBeUndefined();
  client.close();
  await expect(ending).rejects.toMatchObject({ code: 'closed' });
});

it('what is asked of a call afterwards is rejected: on the server, it may go on', async () => {
  const [ring, call] = [await rung('C'), await placed('CONNECTING')];
  client.close();
  const asked = [ring.accept(), ring.reject(), call.end(), call.connected(), client.resume(call.id)];
  for (const outcome of await Promise.allSettled(asked))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'closed', wasSent: false } });
});

it('a place on its way is rejected as it fails, and says whether it was sent', async () => {
  await expect.poll(() => client.connection.status).toBe('connected');
  const sent = client.place('ana');
  using away = connect({ url: 'http://127.0.0.1:1', token: 'T' });
  const waiting = away.place('ana');
  for (const one of [client, away]) one.close();
  for (const [call, wasSent] of [
    [sent, true],
    [waiting, false],
  ] as const) {
    await expect(call.placed).rejects.toMatchObject({ code: 'closed', wasSent });
    expect(await call.finished).toMatchObject({ ...UNHEARD, error: { code: 'closed', wasSent } });
  }
});

it('a place whose answer came just before is settled all the same', async () => {
  server.answers((_word, callId) => done(callId, 'RINGING'));
  const call = client.place('ana');
  call.on('ringing', () => client.close());
  expect(await call.finished).toMatchObject(UNHEARD);
});

it('a call that the server said is over is over as it said', async () => {
  const call = await placed('RINGING');
  server.answers((_word, callId) => refused(callId, 'REJECTED'));
  const ending = call.end();
  const told = hearing(call);
  await expect(call.connected()).rejects.toMatchObject({ status: 'REJECTED' });
  client.close();
  expect(await ending).toMatchObject({ state: 'REJECTED', event: 'rejected' });
  expect([await call.finished, told]).toEqual([await ending, ['rejected']]);
});

it('a call that was over stays as it was', async () => {
  const call = await placed('CONNECTING');
  server.answers((_word, callId) => done(callId, 'ENDED'));
  const outcome = await call.end();
  client.close();
  expect([await call.finished, await call.end(), call.outcome]).toEqual([outcome, outcome, outcome]);
  await expect(client.resume(call.id)).rejects.toMatchObject({ code: 'closed' });
});

describe('a client that is closed by a listener', () => {
  const OFTEN = { busyMs: 1, maxMs: 1 };

  it('of an error of `getToken` asks for no other token, and stays closed', async () => {
    const getToken = vi.fn(() => Promise.reject(new Error('signed out')));
    using one = connect({ url: server.url, getToken, reconnect: OFTEN });
    const told: string[] = [];
    one.on('connection', ({ status }) => told.push(status));
    one.on('error', () => one.close());
    await expect.poll(() => told).toContain('closed');
    expect([told, getToken.mock.calls.length]).toEqual([['closed'], 1]);
  });

  it('of `connecting` asks for no token', async () => {
    const getToken = vi.fn(() => Promise.reject(new Error('away')));
    using one = connect({ url: server.url, getToken, reconnect: OFTEN });
    one.on('connection', ({ status }) => {
      if (status === 'connecting') one.close();
    });
    await expect.poll(() => one.connection.status).toBe('closed');
    expect(getToken).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['call:ringing', 'INITIATING'],
    ['call:accepted', 'RINGING'],
  ] as const)('of a call’s `state` at %s hears `failed` as the last of it', async (word, status) => {
    const call = await placed(status);
    const told = hearing(call);
    for (const name of ['ringing', 'accepted'] as const) call.on(name, () => told.push(name));
    call.on('state', () => client.close());
    server.tell(word, { callId: call.id, acceptedBy: 'ana', channelId: 'room', timestamp: 0 });
    expect(await call.finished).toMatchObject(UNHEARD);
    expect(told).toEqual(['failed']);
  });
});
