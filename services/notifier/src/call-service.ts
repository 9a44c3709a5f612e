import { type ClaimedPush, ClaimPushesResponse, INTERNAL_PATHS, type PushJob, type PushResult } from '@trunkline/contract';
import { createMicroBatch } from '@trunkline/service-kit';
import { Agent, request } from 'undici';

/** A call-service answered, and did not take the request. */
export class RefusedRequest extends Error {
  readonly status: number;

  constructor(url: string, status: number) {
    super(`${url} answered ${status}`);
    this.status = status;
  }
}

/** No call-service took a request. */
export class NotTaken extends AggregateError {
  /** What those answered that were reached; empty where none was. */
  readonly statuses: readonly number[];

  constructor(failures: readonly unknown[]) {
    const statuses = failures.flatMap((failure) => (failure instanceof RefusedRequest ? failure.status : []));
    super(failures, `no call-service took the request (${statuses.length === 0 ? 'no answer' : `answered ${statuses.join(', ')}`})`);
    this.statuses = statuses;
  }
}

/** The notifier's side of call-service's internal door. What no replica took is rejected with `NotTaken`. */
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
    throw new RefusedRequest(url, statusCode);
  };

  const postToAny = async (path: string, question: unknown): Promise<unknown> => {
    const failures: unknown[] = [];
    // Its own order: whatever becomes of others meanwhile, this request asks each of them once.
    const first = preferred;
    for (const step of urls.keys()) {
      const asked = (first + step) % urls.length;
      try {
        const answer = await post(urls[asked] as string, path, question);
        preferred = asked;
        return answer;
      } catch (failure) {
        failures.push(failure);
        if (preferred === asked) preferred = (asked + 1) % urls.length;
      }
    }
    throw new NotTaken(failures);
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
