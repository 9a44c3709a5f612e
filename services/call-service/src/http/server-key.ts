import { refusal } from '@trunkline/contract';
import { bearerToken, isSameSecret } from '@trunkline/service-kit';
import type { RequestHandler } from 'express';
import { refusePlainly } from './plain.ts';

/** Lets the app's backend in: `Authorization: Bearer <one of SERVER_API_KEYS>`. No keys: nobody. */
export const requireServerKey =
  (keys: readonly string[]): RequestHandler =>
  (request, response, next) => {
    const given = bearerToken(request.headers.authorization);
    // Every key is compared, so that the time says nothing about which one it was.
    const matches = keys.filter((key) => given !== null && isSameSecret(given, key));
    if (matches.length > 0) return next();
    refusePlainly(response, refusal('unauthenticated', { message: 'The server API key is missing or wrong' }));
  };
