import { type ClaimedPush, ClaimPushesResponse, INTERNAL_PATHS, type PushJob, type PushResult } from '@trunkline/contract';
import { createMicroBatch } from '@trunkline/service-kit';
import { Agent, request } from 'undici';

/** The notifier's side of call-service's internal door. What no replica took is rejected. */
export interface CallService extends AsyncDisposable {
  /** Has call-service decide whatever is due by now. */
  decideDue(): Promise<void>;
  /** Of these attempts, those that are still to be made. */
  claimPushes(pushes: PushJob['pushes']): Promise<ClaimedPush[]>;
  /** What became of them; told twice it changes nothing. */
  recordPushResults(results: PushResult[]): Promise<void>;
}

export interface CallServiceOptions {
  urls: readonly string[];
  internalToken: string;
}

const TIMEOUT_MS = 2000;

/**
 * Asks the replica that answered last; when that one fails, each other one in turn. What is asked to be decided while a request
 * is under way shares the next one.
 */
export const createCallService = ({ urls, internalToken }: CallServiceOptions): CallService => {
  const dispatcher = new Agent({ connections: 8 });
  let preferred = 0;

  const post = async (url: string, path: string, question: unknown): Promise<unknown> => {
    const { statusCode, body } = await request(new URL(path, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${internalToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      dispatcher,
    });
    if (statusCode < 300) return body.json();
    await body.dump();
    throw new Error(`${url} answered ${statusCode}`);
  };

  const postToAny = async (path: string, question: unknown): Promise<unknown> => {
    const failures: unknown[] = [];
    for (const _ of urls) {
      try {
        return await post(urls[preferred] as string, path, question);
      } catch (failure) {
        failures.push(failure);
        preferred = (preferred + 1) % urls.length;
      }
    }
    throw new AggregateError(failures, 'no call-service took the request');
  };

  const due = createMicroBatch<undefined, undefined>({
    maxItems: Number.POSITIVE_INFINITY,
    maxInFlight: 1,
    run: async (waiting) => {
      await postToAny(INTERNAL_PATHS.due, {});
      return waiting;
    },
  });

  return {
    decideDue: () => due.add(undefined),
    claimPushes: async (pushes) => ClaimPushesResponse.parse(await postToAny(INTERNAL_PATHS.claimPushes, { pushes })).pushes,
    recordPushResults: async (results) => {
      await postToAny(INTERNAL_PATHS.pushResults, { results });
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
};
