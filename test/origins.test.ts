import { connectOnlyCare, connectRaw, hasBrowser, launchBrowser, mintToken, type System, startSystem } from '@trunkline/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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

const PATHS = ['/api/v1/calls/initiate', '/v1/chat'];

/** A POST with a good token and nothing in it, which is refused as bad input where the page may ask. */
const statusesFor = (headers: Record<string, string>): Promise<number[]> =>
  Promise.all(
    PATHS.map(async (path) => {
      const authorization = `Bearer ${token}`;
      const response = await fetch(`${system.callServices[0]?.url}${path}`, { method: 'POST', headers: { ...headers, authorization } });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      return response.status;
    }),
  );

describe('a page that REST itself serves', () => {
  it('comes in to REST, listed or not, where its browser says that it is of the same origin', async () => {
    expect(await statusesFor({ origin: 'https://calls.example.com', 'sec-fetch-site': 'same-origin' })).toEqual([400, 400]);
  });

  it.each(['cross-site', 'same-site', 'none', '', 'same-origin, cross-site', 'Same-Origin'])(
    'is none of which the browser says "%s", whatever name it used',
    async (site) => {
      const { host, origin } = new URL(system.callServices[0]?.url as string);
      for (const named of ['https://evil.example.com', origin])
        expect(await statusesFor({ origin: named, 'sec-fetch-site': site, 'x-forwarded-host': host })).toEqual([403, 403]);
    },
  );
});

describe.runIf(await hasBrowser())('in a browser', () => {
  /** What a page of that origin is answered, on each path; null: the browser does not let it ask. */
  const ask = async (page: Page, from: string, to: string): Promise<(number | null)[]> => {
    await page.goto(`${from}/docs`);
    return page.evaluate(
      ([target, given, paths]) => {
        const init = { method: 'POST', headers: { authorization: `Bearer ${given}` } };
        const statusOf = (path: string) =>
          fetch(`${target}${path}`, init).then(
            ({ status }) => status,
            () => null,
          );
        return Promise.all(paths.map(statusOf));
      },
      [to, token, PATHS] as const,
    );
  };

  it('the page at /docs asks; under another name that leads here it does not', async () => {
    await using browser = await launchBrowser({ args: ['--host-resolver-rules=MAP rebound.example 127.0.0.1'] });
    const page = await browser.profile.newPage();
    const { origin, port } = new URL(system.callServices[0]?.url as string);
    const rebound = `http://rebound.example:${port}`;
    expect(await ask(page, origin, origin)).toEqual([400, 400]);
    expect(await ask(page, rebound, rebound)).toEqual([403, 403]);
    expect(await ask(page, rebound, origin)).toEqual([null, null]);
  });
});
