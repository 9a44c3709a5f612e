import { expect, it } from 'vitest';
import { redisNodes, storeAddress } from './store-address.ts';

it.each([
  ['DATABASE_URL', 'mysql://127.0.0.1/x', 'DATABASE_URL must be a postgres:// URL'],
  ['DATABASE_URL', '/var/run/postgresql trunkline', 'DATABASE_URL must be a postgres:// URL'],
  ['DATABASE_URL', '', 'DATABASE_URL is not set'],
  ['REDIS_URL', '127.0.0.1:6379', 'REDIS_URL must be a redis:// or rediss:// URL'],
  ['REDIS_URL', 'http://a-secret@127.0.0.1:6379', 'REDIS_URL must be a redis:// or rediss:// URL'],
  ['REDIS_URL', ',', 'REDIS_URL must be a redis:// or rediss:// URL'],
] as const)('%s of %j, with which services do not start, is a problem, and never printed', (name, text, says) => {
  const address = storeAddress(name, { [name]: text });
  expect(address).toMatchObject({ problem: { level: 'problem', says, advice: expect.any(String) } });
  expect(JSON.stringify(address)).not.toContain('a-secret');
});

it.each([
  ['DATABASE_URL', 'postgresql://user@127.0.0.1/x', 'postgresql://user@127.0.0.1/x'],
  ['REDIS_URL', 'redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
  ['REDIS_URL', 'redis://a:1, redis://b:2,', 'redis://a:1,redis://b:2'],
] as const)('%s of %j is read as the services read it', (name, text, url) => {
  expect(storeAddress(name, { [name]: text })).toEqual({ url });
});

it.each([
  ['redis://a:1', ['redis://a:1']],
  ['redis://a:1,redis://b:2', ['redis://a:1', 'redis://b:2']],
  ['redis://:p%40ss@a:1,redis://b:2', ['redis://:p%40ss@a:1', 'redis://:p%40ss@b:2']],
  ['redis://u:p@a:1,redis://v:q@b:2', ['redis://u:p@a:1', 'redis://v:q@b:2']],
  ['rediss://u:p@a:1,redis://b:2', ['rediss://u:p@a:1', 'rediss://u:p@b:2']],
])('what the nodes of %s share is said by the first', (url, nodes) => {
  expect(redisNodes(url)).toEqual(nodes);
});
