import { connectOnlyCare, connectRaw, mintToken, type System, startSystem } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let system: System;
let token: string;

beforeAll(async () => {
  system = await startSystem({ gateways: 1, settings: { ALLOWED_ORIGINS: 'https://app.example.com,http://localhost:5173' } });
  token = await mintToken('ann');
});
afterAll(() => system[Symbol.asyncDispose]());

/** Whether a page of that origin gets in with a good token, at each door. */
const doorsFor = async (origin: string) => {
  const gateway = system.gateways[0]?.url as string;
  const authorization = `Bearer ${token}`;
  const rest = await fetch(`${system.callServices[0]?.url}/api/v1/calls/ringing`, { headers: { origin, authorization } });
  const plainRest = await fetch(`${system.callServices[0]?.url}/v1/chat/my-chats`, { headers: { origin, authorization } });
  const polling = await fetch(`${gateway}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
  const isIn = async (connecting: Promise<AsyncDisposable>): Promise<boolean> => {
    try {
      await (await connecting)[Symbol.asyncDispose]();
      return true;
    } catch {
      return false;
    }
  };
  return {
    rest: rest.status === 200 && rest.headers.get('access-control-allow-origin') === origin,
    plainRest: plainRest.status === 200,
    polling: polling.status === 200,
    socketIo: await isIn(connectOnlyCare(gateway, token, { extraHeaders: { origin } })),
    chattrix: await isIn(connectRaw(`${gateway}/ws/chat?token=${token}`, { headers: { origin } })),
    otomo: await isIn(connectRaw(`${gateway}/ws/otomo?token=${token}`, { headers: { origin } })),
  };
};

const everywhere = (isIn: boolean) => ({ rest: isIn, plainRest: isIn, polling: isIn, socketIo: isIn, chattrix: isIn, otomo: isIn });

it.each(['https://app.example.com', 'http://localhost:5173'])('a page of %s comes in at every door', async (origin) => {
  expect(await doorsFor(origin)).toEqual(everywhere(true));
});

it.each([
  'null',
  'https://evil.example.com',
  'https://app.example.com.evil.example',
  'https://evilapp.example.com',
  'https://evil.example/https://app.example.com',
  'https://app.example.com@evil.example',
  'https://sub.app.example.com',
  'https://example.com',
  'http://app.example.com',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'https://app.example.com/',
  'https://app.example.com.',
  'https://app.example.com https://evil.example.com',
  'https://app.example.com,http://localhost:5173',
  'http://localhost:51730',
  'http://localhost',
  'file://',
  '*',
  'undefined',
])('a page of %s comes in at no door, and is told of no origin that would', async (origin) => {
  expect(await doorsFor(origin)).toEqual(everywhere(false));
  const response = await fetch(`${system.callServices[0]?.url}/api/v1/calls/ringing`, { headers: { origin } });
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});
