import { expect, test } from 'vitest';
import { redisVersionProblem } from './redis-version.ts';

const told = (version: string): string => `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\n`;

test.each(['7.0.0', '7.2.4', '7.4.1', '8.0.1', '10.0.0'])('Redis %s will do, and so will a Valkey that says so', (version) => {
  expect(redisVersionProblem(told(version))).toBe(null);
});

test.each(['6.2.7', '5.0.14', '0.9', '6.9.10'])('Redis %s is too old, and what to do is said', (version) => {
  const problem = redisVersionProblem(told(version));
  expect(problem).toMatch(new RegExp(`^The Redis here is version ${version.replaceAll('.', '\\.')}`));
  expect(problem).toMatch(/needs Redis 7 or newer[\s\S]*sharded publish and subscribe/);
  expect(problem).toMatch(/REDIS_URL[\s\S]*install/);
});

test.each(['', '# Server\r\n', told('unstable')])('what does not say its version, %j, is refused too', (answer) => {
  expect(redisVersionProblem(answer)).toMatch(/does not say/);
});
