import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dockerAnswers } from './docker.ts';

test('an engine at a socket file answers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-docker-'));
  const engine = createServer((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 404).end('OK')).listen(
    join(folder, 'engine.sock'),
  );
  await once(engine, 'listening');
  expect(await dockerAnswers({ DOCKER_HOST: `unix://${folder}/engine.sock` })).toBe(true);
  engine.close();
  await rm(folder, { recursive: true });
});

test('an address where nothing listens, or that is none, does not', async () => {
  expect(await dockerAnswers({ DOCKER_HOST: 'tcp://127.0.0.1:1' })).toBe(false);
  expect(await dockerAnswers({ DOCKER_HOST: 'unix:///nowhere/engine.sock' })).toBe(false);
  expect(await dockerAnswers({ DOCKER_HOST: 'not an address' })).toBe(false);
});

test('an engine that takes the connection and says nothing does not, within seconds', async () => {
  const silent = createTcpServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const startedAt = performance.now();
  expect(await dockerAnswers({ DOCKER_HOST: `tcp://127.0.0.1:${(silent.address() as AddressInfo).port}` })).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  silent.close();
});
