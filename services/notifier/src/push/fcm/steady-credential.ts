import { withinPatience } from '@trunkline/service-kit';
import type { Credential, GoogleOAuthAccessToken } from 'firebase-admin/app';

const PATIENCE_MS = 3000;
/** A token that has less left may be over when its push arrives. */
const LEAST_LEFT_MS = 10_000;

/**
 * Gives the last token at once as long as it is good, and asks for the next beside that: firebase-admin has every push wait for an answer.
 * Google's library waits for ever, and shares a question that it has asked, so one without an answer is left to its credential.
 */
export const steadyCredential = (renew: () => Credential): Credential => {
  let asked = renew();
  let last = { accessToken: '', endsAt: 0 };
  let asking: Promise<GoogleOAuthAccessToken> | null = null;

  const ask = async (): Promise<GoogleOAuthAccessToken> => {
    try {
      const token = await withinPatience(asked.getAccessToken(), PATIENCE_MS);
      if (token === null) throw new Error(`Google gave no access token within ${PATIENCE_MS} ms`);
      last = { accessToken: token.access_token, endsAt: performance.now() + token.expires_in * 1000 };
      return token;
    } catch (error) {
      asked = renew();
      throw error;
    } finally {
      asking = null;
    }
  };

  const getAccessToken = async (): Promise<GoogleOAuthAccessToken> => {
    asking ??= ask();
    const leftMs = last.endsAt - performance.now();
    if (leftMs <= LEAST_LEFT_MS) return asking;
    asking.catch(() => undefined);
    return { access_token: last.accessToken, expires_in: Math.floor(leftMs / 1000) };
  };

  // firebase-admin knows by its class that a credential can be asked for the project too.
  return Object.assign(Object.create(asked) as Credential, { getAccessToken });
};
