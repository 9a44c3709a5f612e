import { connectOnlyCare, connectOtsy, mintToken, type System, startSystem } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const TOO_LARGE = { text: 'x'.repeat(70_000) };

let system: System;
beforeAll(async () => {
  system = await startSystem({ gateways: 1 });
});
afterAll(() => system[Symbol.asyncDispose]());

/** As apps have it: a client that comes back by itself. */
const connect = async (dialect: 'OnlyCare' | 'Otsy', transport: 'websocket' | 'polling') => {
  const token = await mintToken(`${dialect}-${transport}`);
  const open = dialect === 'OnlyCare' ? connectOnlyCare : connectOtsy;
  return open(system.gateways[0]?.url ?? '', token, { transports: [transport], reconnection: true, reconnectionDelay: 50 });
};

describe.each(['websocket', 'polling'] as const)('a frame above 64 KiB over %s', (transport) => {
  it.each(['OnlyCare', 'Otsy'] as const)('ends the session of an app that speaks %s, which is told not to come back', async (dialect) => {
    await using app = await connect(dialect, transport);
    const left = new Promise<string>((resolve) => void app.socket.once('disconnect', resolve));
    app.socket.emit('too large', TOO_LARGE);
    expect(await left).toBe('io server disconnect');
    expect(app.heard.at(-1)).toEqual({ name: 'connection:closing', body: { code: 4509, reason: 'frame_too_large', reconnect: false } });
    expect(app.socket.active).toBe(false);
  });
});
