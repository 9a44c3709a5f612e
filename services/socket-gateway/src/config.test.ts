import { ConfigError, DEV_INTERNAL_TOKEN } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { loadGatewayConfig } from './config.ts';

const ENOUGH = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  INTERNAL_TOKEN: 'an-internal-token-of-a-test',
  JWT_SECRET: 'a-secret-of-a-test-with-32-characters',
  CALL_SERVICE_URLS: 'http://127.0.0.1:4000, http://127.0.0.1:3999',
};

it('reads its settings, and has defaults for the rest', () => {
  expect(loadGatewayConfig(ENOUGH)).toMatchObject({
    PORT: 4001,
    CALL_SERVICE_URLS: ['http://127.0.0.1:4000', 'http://127.0.0.1:3999'],
    ALLOWED_ORIGINS: [],
    LIMIT_COMMANDS_PER_SECOND: 200,
    GATEWAY_LEASE_SECONDS: 15,
    DRAIN_SECONDS: 12,
  });
});

it('gives every gateway an id of its own', () => {
  expect(loadGatewayConfig(ENOUGH).GATEWAY_ID).not.toBe(loadGatewayConfig(ENOUGH).GATEWAY_ID);
});

it('names every problem at once', () => {
  const attempt = () => loadGatewayConfig({ PORT: '12abc', CALL_SERVICE_URLS: 'tcp://x', GATEWAY_LEASE_SECONDS: '1' });
  expect(attempt).toThrow(ConfigError);
  expect(attempt).toThrow(/PORT[\s\S]*CALL_SERVICE_URLS[\s\S]*GATEWAY_LEASE_SECONDS/);
});

it('names what is wrong together beside what is wrong by itself', () => {
  const env = { ...ENOUGH, NODE_ENV: 'production', JWT_SECRET: '', INTERNAL_TOKEN: DEV_INTERNAL_TOKEN, LOG_LEVEL: 'loud' };
  const problems = [/^LOG_LEVEL: /, /^JWT_SECRET: set either/, /^INTERNAL_TOKEN: /].map((problem) => expect.stringMatching(problem));
  expect(() => loadGatewayConfig(env)).toThrow(expect.objectContaining({ problems }));
});
