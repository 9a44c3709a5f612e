import { refusal } from '@trunkline/contract';
import { bearerToken } from '@trunkline/service-kit';
import type { RequestHandler, Response } from 'express';
import type { ServerKeys } from '../server-api/server-keys.ts';
import { refusePlainly } from './plain.ts';

/** The name of the key that let the app's backend in; null behind `serverOr` where it was somebody else. */
export const maybeServerKeyOf = (response: Response): string | null => (response.locals['serverKey'] as string | undefined) ?? null;

/** The name of the key, behind `requireServerKey`. */
export const serverKeyOf = (response: Response): string => response.locals['serverKey'] as string;

const learnServerKey =
  (keys: Pick<ServerKeys, 'nameOf'>): RequestHandler =>
  async (request, response, next) => {
    const name = await keys.nameOf(bearerToken(request.headers.authorization));
    if (name !== null) response.locals['serverKey'] = name;
    next();
  };

/** Lets the app's backend in, with `Authorization: Bearer <a server key>`, and nobody else. */
export const requireServerKey = (keys: Pick<ServerKeys, 'nameOf'>): RequestHandler[] => [
  learnServerKey(keys),
  (_request, response, next) => {
    if (maybeServerKeyOf(response) !== null) return next();
    refusePlainly(response, refusal('unauthenticated', { message: 'The server API key is missing or wrong' }));
  },
];

/** Lets the app's backend in with its key, and everybody else through `guards`. What follows knows the backend by its having no identity. */
export const serverOr = (keys: Pick<ServerKeys, 'nameOf'>, guards: readonly RequestHandler[]): RequestHandler[] => [
  learnServerKey(keys),
  ...guards.map(
    (guard): RequestHandler =>
      (request, response, next) => {
        if (maybeServerKeyOf(response) === null) guard(request, response, next);
        else next();
      },
  ),
];
