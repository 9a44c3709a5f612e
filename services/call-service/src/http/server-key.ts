import { refusal } from '@trunkline/contract';
import { bearerToken, isSameSecret } from '@trunkline/service-kit';
import type { Request, RequestHandler } from 'express';
import { refusePlainly } from './plain.ts';

/** Every key is compared, so that the time says nothing about which one it was. */
const isServerKey = (keys: readonly string[], given: string | null): boolean =>
  keys.filter((key) => given !== null && isSameSecret(given, key)).length > 0;

/** Lets the app's backend in: `Authorization: Bearer <one of SERVER_API_KEYS>`. No keys: nobody. */
export const requireServerKey =
  (keys: readonly string[]): RequestHandler =>
  (request, response, next) => {
    if (isServerKey(keys, bearerToken(request.headers.authorization))) return next();
    refusePlainly(response, refusal('unauthenticated', { message: 'The server API key is missing or wrong' }));
  };

/** Lets the app's backend in with its key, and everybody else through `guards`. What follows knows the backend by its having no identity. */
export const serverOr = (keys: readonly string[], guards: readonly RequestHandler[]): RequestHandler[] => {
  const isServer = (request: Request): boolean => isServerKey(keys, bearerToken(request.headers.authorization));
  return guards.map((guard) => (request, response, next) => {
    if (isServer(request)) next();
    else guard(request, response, next);
  });
};
