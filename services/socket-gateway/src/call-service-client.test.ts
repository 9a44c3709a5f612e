import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CallServiceError, createCallServiceClient } from './call-service-client.ts';

const log = createLogger('test', 'silent');
const TOKEN = 'an-internal-token-of-a-test';

const serve = async (listener: RequestListener) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const bodyOf = async (request: AsyncIterable<Buffer>): Promise<unknown> =>
  JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());

/** Echoes what it was sent, and counts how often. */
const serveEcho = async () => {
  const seen: { body: unknown; authorization: string | undefined; path: string | undefined }[] = [];
  const echo = await serve(async (request, response) => {
    const body = await bodyOf(request);
    seen.push({ body, authorization: request.headers.authorization, path: request.url });
    response.end(JSON.stringify(body));
  });
  return Object.assign(echo, { seen });
};

const serveStatus = async (status: number) => {
  const seen = { count: 0 };
  const server = await serve((request, response) => {
    seen.count += 1;
    request.resume();
    response.writeHead(status).end();
  });
  return Object.assign(server, { seen });
};

const echoed = { path: '/internal/echo', bodyFor: (attempt: number) => ({ attempt }), schema: z.object({ attempt: z.int() }) };

describe('a request to call-service', () => {
  it('is authenticated, and answers with what the schema makes of it', async () => {
    await using echo = await serveEcho();
    await using client = createCallServiceClient({ urls: [echo.url], token: TOKEN, log });
    const { value, sentAt, receivedAt } = await client.post({ ...echoed, budgetMs: 2000 });
    expect(value).toEqual({ attempt: 1 });
    expect(receivedAt).toBeGreaterThan(sentAt);
    expect(echo.seen).toEqual([{ body: { attempt: 1 }, authorization: `Bearer ${TOKEN}`, path: '/internal/echo' }]);
  });

  it('takes turns between the services', async () => {
    await using first = await serveEcho();
    await using second = await serveEcho();
    await using client = createCallServiceClient({ urls: [first.url, second.url], token: TOKEN, log });
    for (let count = 0; count < 4; count += 1) await client.post({ ...echoed, budgetMs: 2000 });
    expect([first.seen.length, second.seen.length]).toEqual([2, 2]);
  });

  it('goes elsewhere when one fails, counts its attempts, and asks the failed one last for a while', async () => {
    await using failing = await serveStatus(503);
    await using echo = await serveEcho();
    await using client = createCallServiceClient({ urls: [failing.url, echo.url], token: TOKEN, log });
    const attempts: number[] = [];
    for (let count = 0; count < 6; count += 1) attempts.push((await client.post({ ...echoed, budgetMs: 2000 })).value.attempt);
    expect(failing.seen.count).toBe(1);
    expect(attempts.filter((attempt) => attempt === 2)).toHaveLength(1);
  });

  it('goes elsewhere when one is not there at all', async () => {
    const gone = await serveEcho();
    await gone[Symbol.asyncDispose]();
    await using echo = await serveEcho();
    await using client = createCallServiceClient({ urls: [echo.url, gone.url], token: TOKEN, log });
    for (let count = 0; count < 3; count += 1) await client.post({ ...echoed, budgetMs: 2000 });
    expect(echo.seen).toHaveLength(3);
  });

  it('goes elsewhere when an answer is not what the contract says', async () => {
    await using wrong = await serve((request, response) => {
      request.resume();
      response.end('{"attempt":"one"}');
    });
    await using echo = await serveEcho();
    await using client = createCallServiceClient({ urls: [echo.url, wrong.url], token: TOKEN, log });
    expect((await client.post({ ...echoed, budgetMs: 2000 })).value).toEqual({ attempt: 2 });
  });

  it('fails when its budget is spent', async () => {
    await using failing = await serveStatus(500);
    await using client = createCallServiceClient({ urls: [failing.url], token: TOKEN, log });
    await expect(client.post({ ...echoed, budgetMs: 1500 })).rejects.toThrow(CallServiceError);
    expect(failing.seen.count).toBeGreaterThan(1);
  });

  it('says whether any service was there, though perhaps not the last that was tried', async () => {
    await using failing = await serveStatus(500);
    const gone = await serveEcho();
    await gone[Symbol.asyncDispose]();
    const errorOf = async (...urls: string[]): Promise<unknown> => {
      await using client = createCallServiceClient({ urls, token: TOKEN, log });
      return await client.post({ ...echoed, budgetMs: 200 }).catch((error: unknown) => error);
    };
    expect(await errorOf(gone.url, failing.url)).toMatchObject({ wasBusy: true });
    expect(await errorOf(failing.url, gone.url)).toMatchObject({ wasBusy: true });
    expect(await errorOf(gone.url)).toMatchObject({ wasBusy: false });
    await using refusing = await serveStatus(400);
    expect(await errorOf(refusing.url, failing.url)).toMatchObject({ wasBusy: false });
  });

  it('is not repeated when it was refused for what it is', async () => {
    await using refusing = await serveStatus(400);
    await using client = createCallServiceClient({ urls: [refusing.url], token: TOKEN, log });
    await expect(client.post({ ...echoed, budgetMs: 2000 })).rejects.toThrow(CallServiceError);
    expect(refusing.seen.count).toBe(1);
  });

  it('gives up on a service that never answers when the budget is spent', async () => {
    await using silent = await serve((request) => request.resume());
    await using client = createCallServiceClient({ urls: [silent.url], token: TOKEN, log });
    await expect(client.post({ ...echoed, budgetMs: 100 })).rejects.toThrow(CallServiceError);
  });
});
