import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connect } from '../src/index.ts';

// A stand-in for a server that sends everybody away, and says to come back at once.

const startServer = async (code: number) => {
  const http = createServer();
  const io = new Server(http);
  io.on('connection', (socket) => {
    socket.emit('connection:closing', { code, reason: String(code), reconnect: true, reconnectInMs: 1 });
    socket.conn.close();
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, [Symbol.asyncDispose]: () => io.close() };
};

beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.999));
afterEach(() => void vi.restoreAllMocks());

/** The first waits of a client that is sent away with that code while a call of its own waits. */
const waitsAfter = async (code: number, onConnected = (_waits: number): void => undefined): Promise<number[]> => {
  await using server = await startServer(code);
  using client = connect({ url: server.url, token: 'T', reconnect: { busyMs: 8, maxMs: 50 } });
  const waits: number[] = [];
  client.on('connection', (state) => {
    if (state.status === 'waiting') waits.push(state.retryInMs);
    if (state.status === 'connected') onConnected(waits.length);
  });
  client.place('ana');
  await expect.poll(() => waits.length).toBeGreaterThanOrEqual(4);
  return waits.slice(0, 4);
};

it('who is sent away comes back when the server said', async () => {
  expect(await waitsAfter(4001)).toEqual([1, 1, 1, 1]);
});

it('who is one too many waits longer each time, up to the most: the server says the same to each', async () => {
  expect(await waitsAfter(4428)).toEqual([7, 15, 31, 49]);
});

it('who was connected for long waits as at first again', async () => {
  let laterMs = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs);
  const waits = await waitsAfter(4428, (waited) => {
    if (waited === 2) laterMs = 6000;
  });
  expect(waits).toEqual([7, 15, 7, 15]);
});

it('who has something to do waits no longer than is fit for that', async () => {
  using client = connect({ url: 'http://127.0.0.1:1', token: 'T', reconnect: { busyMs: 8, maxMs: 600_000 } });
  const waits: number[] = [];
  client.on('connection', (state) => {
    if (state.status === 'waiting') waits.push(state.retryInMs);
  });
  await expect.poll(() => waits).toEqual([599_400]);
  client.place('ana');
  expect(waits).toEqual([599_400, 7]);
});
