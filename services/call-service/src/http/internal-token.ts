import { bearerToken, isSameSecret } from '@trunkline/service-kit';

/** Whether an `authorization` header holds one of the tokens of our own processes. */
export type KnowsToken = (authorization: string | undefined) => boolean;

/** Compares with each of the tokens, in a time that depends on none of them. */
export const knowsToken =
  (internalTokens: readonly string[]): KnowsToken =>
  (authorization) => {
    const token = bearerToken(authorization);
    return token !== null && internalTokens.filter((known) => isSameSecret(token, known)).length > 0;
  };
