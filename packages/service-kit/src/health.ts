import type { IncomingMessage, ServerResponse } from 'node:http';
import { withinPatience } from './within-patience.ts';

/** Named conditions; a service is ready while all of them hold. */
export type ReadinessChecks = Readonly<Record<string, () => boolean | Promise<boolean>>>;

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
};

/** Less than whoever scrapes, or decides where to send requests, waits for an answer. */
const CHECK_PATIENCE_MS = 900;

/** What fails, or is not answered in time, does not hold. */
export const doesHold = async (check: () => boolean | Promise<boolean>): Promise<boolean> => {
  try {
    return (await withinPatience(check(), CHECK_PATIENCE_MS)) ?? false;
  } catch {
    return false;
  }
};

const NOTHING: ReadinessChecks = {};

const outcomesOf = (checks: ReadinessChecks): Promise<(readonly [string, boolean])[]> =>
  Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await doesHold(check)] as const));

/**
 * Answers `/livez` and `/readyz` and says whether it did. Not ready is 503, with the names of what does not hold; a service is ready
 * without what it merely `misses`, and says so.
 */
export const answerHealth = async (
  request: IncomingMessage,
  response: ServerResponse,
  checks: ReadinessChecks,
  misses: ReadinessChecks = NOTHING,
): Promise<boolean> => {
  const path = request.url?.split('?', 1)[0];
  if (path === '/livez') {
    answer(response, 200, { status: 'live' });
    return true;
  }
  if (path !== '/readyz') return false;
  const [needed, missed] = await Promise.all([outcomesOf(checks), outcomesOf(misses)]);
  const ready = needed.every(([, ok]) => ok);
  answer(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks: Object.fromEntries([...needed, ...missed]) });
  return true;
};
