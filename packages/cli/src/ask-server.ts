import { z } from 'zod';

/** Where call-service is, as options say it. */
export const ServerUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).default('http://127.0.0.1:4000');

const Refused = z.object({ error: z.object({ message: z.string() }) });

const TIMEOUT_MS = 10_000;

/** Asks call-service with a server key. @throws what is to be told to a person */
export const askServer = async (url: URL, key: string): Promise<unknown> => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (error: unknown) => {
      throw new Error(`${url.origin} cannot be reached; --url says where call-service is`, { cause: error });
    },
  );
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new Error(Refused.safeParse(body).data?.error.message ?? `${url.origin} answered ${response.status}`);
  return body;
};
