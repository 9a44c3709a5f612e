import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, DEV_JWT_SECRET } from '@trunkline/service-kit';
import { startSystem } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { CONSOLE_PAGES } from '../src/console/console-routes.ts';
import { loadCallServiceConfig } from '../src/index.ts';

const builtConsole = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-console-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<p>the console</p>');
  await writeFile(join(folder, 'assets/main-1a2b.js'), 'export {};');
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
};

it('serves the console where it is told to, under a strict policy', async () => {
  await using built = await builtConsole();
  const settings = { CONSOLE_DIR: built.folder, CONSOLE_GATEWAY_URLS: 'https://gateway-1.example,https://gateway-2.example/' };
  await using system = await startSystem({ gateways: 0, settings });
  const url = system.callServices[0]?.url as string;
  const page = await fetch(`${url}/console`);
  expect([page.status, await page.text(), page.headers.get('cache-control')]).toEqual([200, '<p>the console</p>', 'no-cache']);
  expect(page.headers.get('content-security-policy')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; manifest-src 'self'; " +
      "connect-src 'self' https://gateway-1.example https://gateway-2.example wss://gateway-1.example wss://gateway-2.example; " +
      "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
  );
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const script = await fetch(`${url}/console/assets/main-1a2b.js`);
  expect(script.headers.get('cache-control')).toContain('immutable');
  expect(await (await fetch(`${url}/console/settings.json`)).json()).toEqual({
    gatewayUrls: ['https://gateway-1.example', 'https://gateway-2.example/'],
  });
  for (const path of ['/console/no-such-file', '/console/..%2f..%2fetc/passwd', '/console/.env']) {
    expect((await fetch(`${url}${path}`)).status, path).toBe(404);
  }
});

it('leads from the path of a page to the page', async () => {
  await using built = await builtConsole();
  await using system = await startSystem({ gateways: 0, settings: { CONSOLE_DIR: built.folder } });
  const url = system.callServices[0]?.url as string;
  const ask = async (path: string) => {
    const { status, headers } = await fetch(`${url}${path}`, { redirect: 'manual' });
    return [status, headers.get('location')];
  };
  const source = await readFile(new URL('../../../packages/console/src/shell/app.tsx', import.meta.url), 'utf8');
  const names = [...source.matchAll(/\{ name: '(\w+)', icon/g)].map(([, name]) => name);
  expect(names).toEqual([...CONSOLE_PAGES]);
  for (const name of names)
    for (const path of [name, `${name}/`]) expect([path, ...(await ask(`/console/${path}`))]).toEqual([path, 302, `/console/#/${name}`]);
  expect(await ask('/console/calls/call-42')).toEqual([302, '/console/#/calls/call-42']);
  expect(await ask('/console/users/%22a%2Fb%0D%0A')).toEqual([302, '/console/#/users/%22a%2Fb%0D%0A']);
  for (const path of ['/console/nothing', '/console/toString', '/console/calls/1/2', '/console/pushes.html'])
    expect([path, ...(await ask(path))]).toEqual([path, 404, null]);
});

it('serves none where it is not told to, and signs nobody in', async () => {
  await using system = await startSystem({ gateways: 0, settings: { JWT_SECRET: DEV_JWT_SECRET } });
  const url = system.callServices[0]?.url as string;
  for (const path of ['/console', '/console/', '/console/live', '/console/settings.json', '/dev/console'])
    expect((await fetch(`${url}${path}`)).status, path).toBe(404);
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${url}/dev/tokens`, { method: 'POST', headers, body: '{"userId":"ann"}' })).status).toBe(404);
});

it('does not start with a folder that holds no console', () => {
  const load = () => loadCallServiceConfig({ CONSOLE_DIR: '/no/such/folder' });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow('CONSOLE_DIR: must be the folder of the built console');
});
