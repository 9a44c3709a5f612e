import { INTERNAL_PATHS } from '@trunkline/contract';
import { createTokenVerifier } from '@trunkline/service-kit';
import { createRestClient, mintToken, TEST_JWT_SECRET } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startRunningCallService } from './running-call-service.ts';

const NEXT_SECRET = 'the secret that takes the place of the first one';
const OTHER_SECRET = 'a secret that is neither of the two that count';

it('while the secret of tokens is replaced, those of both count, and no other', async () => {
  await using service = await startRunningCallService({ JWT_SECRET: NEXT_SECRET, JWT_SECRET_PREVIOUS: TEST_JWT_SECRET });
  const statusUnder = async (token: string): Promise<number> =>
    (await createRestClient(service.url, token).get('/api/v1/calls/history')).status;
  expect(await statusUnder(await mintToken('ann'))).toBe(200);
  expect(await statusUnder(await mintToken('ann', { secret: NEXT_SECRET }))).toBe(200);
  expect(await statusUnder(await mintToken('ann', { secret: OTHER_SECRET }))).toBe(401);
  expect(await statusUnder(await mintToken('ann', { ttlSeconds: -60 }))).toBe(401);
});

it('without a previous one, only the secret itself counts', async () => {
  expect(await createTokenVerifier({ JWT_SECRET: NEXT_SECRET })(await mintToken('ann'))).toBeNull();
});

it('while the token between our own processes is replaced, both open the internal door, and no other does', async () => {
  const [next, previous] = ['the-next-token-of-our-processes', 'the-first-token-of-our-processes'];
  await using service = await startRunningCallService({ INTERNAL_TOKEN: next, INTERNAL_TOKEN_PREVIOUS: previous });
  const statusOf = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${service.url}${INTERNAL_PATHS.due}`, { method: 'POST', headers });
    await response.bytes();
    return response.status;
  };
  expect(await Promise.all([statusOf(next), statusOf(previous), statusOf('another-token-of-anybody')])).toEqual([200, 200, 401]);
});
