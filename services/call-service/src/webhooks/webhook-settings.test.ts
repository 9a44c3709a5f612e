import { ConfigError } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { loadCallServiceConfig } from '../config.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NEXT = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

const load = (settings: Readonly<Record<string, string>>) =>
  loadCallServiceConfig({
    DATABASE_URL: 'postgres://localhost/x',
    REDIS_URL: 'redis://localhost',
    JWT_SECRET: 'a secret that signs the tokens of tests only',
    INTERNAL_TOKEN: 'the-internal-token-of-tests-only',
    ...settings,
  });

const problemsOf = (settings: Readonly<Record<string, string>>): readonly string[] => {
  try {
    load(settings);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

it.each(['WEBHOOK_URL', 'PRE_RING_HOOK_URL'])('%s asks for a secret: nothing leaves unsigned', (name) => {
  expect(problemsOf({ [name]: 'http://backend.internal/x' })).toEqual([expect.stringMatching(/^WEBHOOK_SECRET: is needed/)]);
  expect(problemsOf({ [name]: 'http://backend.internal/x', WEBHOOK_SECRET: SECRET })).toEqual([]);
});

it.each([`${SECRET},${NEXT}`, `${SECRET} ${NEXT}`, ` ${SECRET} , ${NEXT} `])('secrets may be several: "%s"', (text) => {
  expect(load({ WEBHOOK_SECRET: text }).WEBHOOK_SECRET).toEqual([SECRET, NEXT]);
});

it.each(['secret', 'whsec_', 'whsec_dG9vIHNob3J0', SECRET.replace('whsec_', ''), `${SECRET},other`, `whsec_${'A'.repeat(100)}`, ','])(
  'what is no secret stops the start, and is not shown: "%s"',
  (text) => {
    const problems = problemsOf({ WEBHOOK_SECRET: text });
    expect(problems).toEqual(['WEBHOOK_SECRET: must be whsec_ and 24 to 64 bytes as base64']);
    expect(new ConfigError(problems).message).not.toContain(`"${text}"`);
  },
);

it('addresses are of http or https', () => {
  for (const name of ['WEBHOOK_URL', 'PRE_RING_HOOK_URL'])
    expect(problemsOf({ [name]: 'ftp://backend/x', WEBHOOK_SECRET: SECRET })).toEqual([expect.stringMatching(`^${name}: must be an http`)]);
});
