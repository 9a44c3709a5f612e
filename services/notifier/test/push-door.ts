import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  type ClaimedPush,
  ClaimPushesRequest,
  ClaimPushesResponse,
  INTERNAL_PATHS,
  PushId,
  type PushResult,
  PushResultsRequest,
} from '@trunkline/contract';

export interface PushDoor extends AsyncDisposable {
  readonly url: string;
  /** Queues a push and answers with its id; what is not given is an Android phone's. */
  put(push: Pick<ClaimedPush, 'content' | 'address'> & Partial<ClaimedPush>): PushId;
  readonly results: readonly PushResult[];
  resultOf(id: PushId): PushResult | undefined;
  /** How many requests each came with. */
  readonly reports: readonly number[];
  /** The next so many reports are answered 503. */
  refuseReports(times: number): void;
  /** From now on every report that holds the result of this push is answered so. */
  refuseResult(id: PushId, status: number): void;
}

/** Call-service's half of the contract: a push is claimed as long as it has no result. */
export const openPushDoor = async (): Promise<PushDoor> => {
  const pushes = new Map<PushId, { push: ClaimedPush; putAt: number }>();
  const results: PushResult[] = [];
  const reports: number[] = [];
  const refused = new Map<PushId, number>();
  let refusals = 0;

  const claim = (question: unknown): unknown => {
    const asked = ClaimPushesRequest.parse(question).pushes;
    const claimed = asked.flatMap(({ id, attempt }) => {
      const row = pushes.get(id);
      if (row === undefined || results.some((result) => result.id === id && result.attempt === attempt)) return [];
      return [{ ...row.push, attempt, expiresInMs: row.push.expiresInMs - (performance.now() - row.putAt) }];
    });
    return ClaimPushesResponse.parse({ pushes: claimed });
  };
  /** Of a push that there is not it changes nothing. */
  const record = (report: unknown): [status: number, body: unknown] => {
    const given = PushResultsRequest.parse(report).results;
    const refusal = given.flatMap(({ id }) => refused.get(id) ?? [])[0];
    if (refusal !== undefined) return [refusal, {}];
    reports.push(given.length);
    results.push(...given.filter(({ id }) => pushes.has(id)));
    return [200, {}];
  };
  const answer = async (request: IncomingMessage): Promise<[status: number, body: unknown]> => {
    const body: unknown = await json(request);
    if (request.url === INTERNAL_PATHS.claimPushes) return [200, claim(body)];
    if (request.url !== INTERNAL_PATHS.pushResults) return [404, {}];
    if (refusals === 0) return record(body);
    refusals -= 1;
    return [503, {}];
  };

  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    put: (push) => {
      const id = PushId.parse(randomUUID());
      const row = { id, attempt: 1, language: 'en' as const, collapseKey: null, expiresInMs: 60_000, ...push };
      pushes.set(id, { push: row, putAt: performance.now() });
      return id;
    },
    results,
    resultOf: (id) => results.find((result) => result.id === id),
    reports,
    refuseReports: (times) => {
      refusals += times;
    },
    refuseResult: (id, status) => void refused.set(id, status),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
