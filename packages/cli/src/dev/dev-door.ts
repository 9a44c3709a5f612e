import type { IncomingMessage, ServerResponse } from 'node:http';
import { DEV_JWT_SECRET, DEV_SERVER_KEY } from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';
import { mintToken } from '../mint-token.ts';

const TTL_SECONDS = 3600;
const MAX_BODY = 4096;

const TokenRequest = z.object({
  userId: z.string().min(1).max(128),
  name: z.string().max(200).optional(),
  deviceId: z.string().min(1).max(128).optional(),
});

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }).end(JSON.stringify(body));
};

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY) return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Answers a request itself; false: it is for the services behind. */
export type DevDoor = (request: IncomingMessage, response: ServerResponse) => boolean;

const isJson = (request: IncomingMessage): boolean => request.headers['content-type'] === 'application/json';

/**
 * Signs the console's phones in, for anybody who asks: only where the secret is the one that everybody can read in this
 * repository, which production refuses. The services have no such door.
 */
export const createDevDoor = (env: Environment): DevDoor => {
  if (env['JWT_SECRET'] !== DEV_JWT_SECRET) return () => false;
  const serverKey = env['SERVER_API_KEYS'] === DEV_SERVER_KEY ? DEV_SERVER_KEY : null;
  const mint = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const wanted = TokenRequest.safeParse(await readBody(request));
    if (!wanted.success) return answer(response, 400, { error: { code: 'parse_error', message: 'userId?, name?, deviceId? as JSON' } });
    answer(response, 200, { token: await mintToken({ ...wanted.data, ttlSeconds: TTL_SECONDS }, env) });
  };
  return (request, response) => {
    if (request.method === 'GET' && request.url === '/dev/console') answer(response, 200, { serverKey });
    // A page of another origin cannot send this type without asking first, and is answered by nobody.
    else if (request.method === 'POST' && request.url === '/dev/tokens' && isJson(request)) void mint(request, response);
    else return false;
    return true;
  };
};
