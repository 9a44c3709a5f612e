import { httpUrl } from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from './command.ts';
import { devUrls } from './dev/dev-urls.ts';
import { serverKey } from './server-key.ts';

const Refused = z.object({ error: z.object({ message: z.string() }) });

const PATIENCE_MS = 10_000;

export const CallServiceUrl = httpUrl().optional();

export interface ServerRequest {
  env: Environment;
  /** Unset: where `pnpm dev` has its first call-service. */
  url?: string | undefined;
  path: string;
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  /** How long the answer may take; `fetch` itself gives up after five minutes. */
  patienceMs?: number;
}

/** What the server API answers. @throws with its own words where it refuses, and where nobody answers, or not in time */
export const askServer = async ({
  env,
  url = devUrls(env).callServices[0],
  path,
  method = 'GET',
  body,
  patienceMs = PATIENCE_MS,
}: ServerRequest): Promise<unknown> => {
  const at = new URL(path, url);
  const response = await fetch(at, {
    method,
    headers: { authorization: `Bearer ${serverKey(env)}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(patienceMs),
  }).catch((error: unknown) => {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    const says = isLate
      ? `has not answered within ${patienceMs / 1000} s; it may still be at it`
      : 'cannot be reached; --url says where call-service is';
    throw new Error(`${at.origin} ${says}`, { cause: error });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new Error(Refused.safeParse(answer).data?.error.message ?? `${at.origin} answered ${response.status}`);
  return answer;
};
