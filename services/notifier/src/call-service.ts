import { INTERNAL_PATHS } from '@trunkline/contract';
import { createMicroBatch } from '@trunkline/service-kit';
import { Agent, request } from 'undici';

/** The notifier's side of call-service's internal door. */
export interface CallService extends AsyncDisposable {
  /** Has call-service decide whatever is due by now. Rejects when no replica took the request. */
  decideDue(): Promise<void>;
}

export interface CallServiceOptions {
  urls: readonly string[];
  internalToken: string;
}

const TIMEOUT_MS = 2000;

/**
 * Asks the replica that answered last; when that one fails, each other one in turn. What is asked while a request
 * is under way shares the next one.
 */
export const createCallService = ({ urls, internalToken }: CallServiceOptions): CallService => {
  const dispatcher = new Agent({ connections: 4 });
  let preferred = 0;

  const post = async (url: string): Promise<void> => {
    const { statusCode, body } = await request(new URL(INTERNAL_PATHS.due, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${internalToken}`, 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      dispatcher,
    });
    await body.dump();
    if (statusCode >= 300) throw new Error(`${url} answered ${statusCode}`);
  };

  const postToAny = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const _ of urls) {
      try {
        return await post(urls[preferred] as string);
      } catch (failure) {
        failures.push(failure);
        preferred = (preferred + 1) % urls.length;
      }
    }
    throw new AggregateError(failures, 'no call-service took the request');
  };

  const requests = createMicroBatch<undefined, undefined>({
    maxItems: Number.POSITIVE_INFINITY,
    maxInFlight: 1,
    run: async (waiting) => {
      await postToAny();
      return waiting;
    },
  });

  return { decideDue: () => requests.add(undefined), [Symbol.asyncDispose]: () => dispatcher.destroy() };
};
