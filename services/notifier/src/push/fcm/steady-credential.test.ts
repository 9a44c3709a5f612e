import type { Credential, GoogleOAuthAccessToken } from 'firebase-admin/app';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { steadyCredential } from './steady-credential.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIVES_SECONDS = 300;
const tokenOf = (name: string): GoogleOAuthAccessToken => ({ access_token: name, expires_in: LIVES_SECONDS });
const never = (): Promise<GoogleOAuthAccessToken> => new Promise(() => undefined);

/** Its questions, one after the other, are answered so. As Google's own do, one of them stays with the question that it asked. */
const credentialWith = (...answers: (() => Promise<GoogleOAuthAccessToken>)[]): Credential => {
  const renew = (): Credential => {
    let asked: Promise<GoogleOAuthAccessToken> | null = null;
    return {
      getAccessToken: () => {
        asked ??= (answers.shift() ?? never)().finally(() => {
          asked = null;
        });
        return asked;
      },
    };
  };
  return steadyCredential(renew);
};

const nameIn = async (credential: Credential): Promise<string> => (await credential.getAccessToken()).access_token;

it('a question that Google never answers keeps no push from going while there is a token, and is asked again', async () => {
  const credential = credentialWith(
    async () => tokenOf('first'),
    never,
    async () => tokenOf('second'),
  );
  expect(await credential.getAccessToken()).toEqual(tokenOf('first'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await credential.getAccessToken()).toEqual({ access_token: 'first', expires_in: LIVES_SECONDS - 60 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await nameIn(credential)).toBe('first');
  await vi.advanceTimersByTimeAsync(0);
  expect(await nameIn(credential)).toBe('second');
});

it('a token that is nearly over is not given out, and that there is no other is said within seconds', async () => {
  const credential = credentialWith(async () => tokenOf('first'), never);
  await credential.getAccessToken();
  await vi.advanceTimersByTimeAsync((LIVES_SECONDS - 10) * 1000);
  const refused = expect(credential.getAccessToken()).rejects.toThrow('Google gave no access token within 3000 ms');
  await vi.advanceTimersByTimeAsync(3000);
  await refused;
});

it('what goes wrong is told where there is no token, and no more than that', async () => {
  const fail = async (): Promise<never> => {
    throw new Error('connect ECONNREFUSED');
  };
  const credential = credentialWith(fail, async () => tokenOf('first'), fail);
  await expect(credential.getAccessToken()).rejects.toThrow('connect ECONNREFUSED');
  expect(await nameIn(credential)).toBe('first');
  expect(await nameIn(credential)).toBe('first');
});

it('is of the class of what it stands for, by which firebase-admin knows whom to ask for the project', () => {
  class Known implements Credential {
    readonly project = 'a-project';
    readonly getAccessToken = never;
  }
  const credential = steadyCredential(() => new Known());
  expect(credential).toBeInstanceOf(Known);
  expect(credential).toHaveProperty('project', 'a-project');
});
