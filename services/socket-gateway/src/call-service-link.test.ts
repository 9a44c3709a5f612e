import { type AddressInfo, createServer } from 'node:net';
import { INTERNAL_PATHS, type LinkRequest } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { answer, type LinkStandIn, serveLinks } from '../test/link-stand-in.ts';
import { CallServiceError, createCallServiceClient } from './call-service-client.ts';
import { Endpoint, isBusy, RefusedRequest } from './call-service-endpoint.ts';

const log = createLogger('test', 'silent');
const TOKEN = 'an-internal-token-of-a-test';
const PATH = INTERNAL_PATHS.lease;
const PATIENCE_MS = 15_000;
const PATIENCE = { timeout: PATIENCE_MS, interval: 10 };

const clientOf = (...urls: string[]) => createCallServiceClient({ urls, token: TOKEN, log });
const endpointOf = (url: string, linkLifeMs = 60_000) => new Endpoint({ url, token: TOKEN, connections: 1, linkLifeMs });

const attempts = { path: PATH, bodyFor: (attempt: number) => ({ attempt }), schema: z.object({ attempt: z.int() }), budgetMs: PATIENCE_MS };

const serveEcho = (listener?: Parameters<typeof serveLinks>[0]['listener']) =>
  serveLinks({ onRequest: (request, link) => answer(link, request), ...(listener === undefined ? {} : { listener }) });

/** Answers nothing by itself. */
const serveHeld = async () => {
  const held: { request: LinkRequest; link: LinkStandIn['links'][number] }[] = [];
  const server = await serveLinks({ onRequest: (request, link) => void held.push({ request, link }) });
  return Object.assign(server, { held, nth: (index: number) => vi.waitUntil(() => held[index], PATIENCE) });
};

describe('requests over a link', () => {
  it('share one connection, which shows the token, and each gets its own answer, in whatever order', async () => {
    await using server = await serveHeld();
    await using endpoint = endpointOf(server.url);
    const asked = ['first', 'second'].map((body) => endpoint.ask(PATH, body, PATIENCE_MS));
    await server.nth(1);
    for (const { request, link } of server.held.toReversed()) answer(link, request);
    const answered = await Promise.all(asked);
    expect(answered.map(({ body }) => body)).toEqual(['first', 'second']);
    for (const { sentAt, receivedAt } of answered) expect(receivedAt).toBeGreaterThan(sentAt);
    expect(server.upgrades.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/internal/link', `Bearer ${TOKEN}`]]);
  });

  it('keep what the URL has before our paths', async () => {
    await using server = await serveEcho((request, response) => void response.end(JSON.stringify({ url: request.url })));
    await using endpoint = endpointOf(`${server.url}/inside/`);
    expect((await endpoint.ask(PATH, {}, PATIENCE_MS)).body).toEqual({ url: `/inside${PATH}` });
    expect(server.upgrades.map(({ url }) => url)).toEqual(['/inside/internal/link']);
  });

  it('that are refused for what they are are not repeated, others are', async () => {
    let status = 400;
    await using server = await serveLinks({ onRequest: (request, link) => answer(link, request, status) });
    await using endpoint = endpointOf(server.url);
    await expect(endpoint.ask(PATH, {}, PATIENCE_MS)).rejects.toThrow(RefusedRequest);
    for (status of [429, 500]) await expect(endpoint.ask(PATH, {}, PATIENCE_MS)).rejects.not.toThrow(RefusedRequest);
    expect(server.links).toHaveLength(1);
  });

  it('end with the client, and so does the link', async () => {
    await using server = await serveHeld();
    const endpoint = endpointOf(server.url);
    const asked = endpoint.ask(PATH, {}, PATIENCE_MS);
    asked.catch(() => undefined);
    const { link } = await server.nth(0);
    await endpoint[Symbol.asyncDispose]();
    await expect(asked).rejects.toThrow('given up');
    await vi.waitUntil(() => link.readyState === link.CLOSED, PATIENCE);
  });
});

describe('where there is no link', () => {
  const overHttp =
    (seen: string[]): NonNullable<Parameters<typeof serveLinks>[0]['listener']> =>
    async (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      const sent = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
      if (request.method === 'POST') response.end(sent);
      else response.writeHead(404).end();
    };

  it.each([404, 426, 400, 501])('as the answer %i says, HTTP serves, and no link is asked for again for a while', async (refuseWith) => {
    const seen: string[] = [];
    await using server = await serveLinks({ onRequest: () => undefined, listener: overHttp(seen), refuseWith });
    await using client = clientOf(server.url);
    for (let count = 0; count < 3; count += 1) expect((await client.post(attempts)).value).toEqual({ attempt: 1 });
    expect(seen).toEqual(Array.from({ length: 3 }, () => `POST ${PATH}`));
    expect(server.upgrades).toHaveLength(1);
  });

  it.each([401, 403])('because of %i, HTTP would be refused likewise', async (refuseWith) => {
    const seen: string[] = [];
    await using server = await serveLinks({ onRequest: () => undefined, listener: overHttp(seen), refuseWith });
    await using client = clientOf(server.url);
    await expect(client.post(attempts)).rejects.toThrow(CallServiceError);
    expect([seen, server.upgrades.length]).toEqual([[], 1]);
  });

  it.each([429, 503])('because of %i, another call-service is asked', async (refuseWith) => {
    const seen: string[] = [];
    await using server = await serveLinks({ onRequest: () => undefined, listener: overHttp(seen), refuseWith });
    await using other = await serveEcho();
    await using client = clientOf(other.url, server.url);
    expect((await client.post(attempts)).value).toEqual({ attempt: 2 });
    expect(seen).toEqual([]);
  });
});

describe('a link that', () => {
  it('is lost fails at once all that is under way, which goes elsewhere', async () => {
    await using server = await serveHeld();
    await using other = await serveEcho();
    await using client = clientOf(other.url, server.url);
    const asked = client.post({ ...attempts, budgetMs: 60_000 });
    (await server.nth(0)).link.terminate();
    expect((await asked).value).toEqual({ attempt: 2 });
  });

  it('is lost is opened anew where there is no elsewhere', async () => {
    await using server = await serveHeld();
    await using client = clientOf(server.url);
    const asked = client.post(attempts);
    (await server.nth(0)).link.terminate();
    const second = await server.nth(1);
    answer(second.link, second.request);
    expect((await asked).value).toEqual({ attempt: 2 });
    expect(server.links).toHaveLength(2);
  });

  it('is silent fails all that is under way with the first that was not answered in time, and the next request opens another', async () => {
    await using server = await serveHeld();
    await using endpoint = endpointOf(server.url);
    const patient = endpoint.ask(PATH, {}, 60_000);
    patient.catch(() => undefined);
    const { link } = await server.nth(0);
    // Not even its pings are answered.
    link.pause();
    const impatient = endpoint.ask(PATH, {}, 100);
    await expect(impatient).rejects.toThrow('silent');
    await expect(impatient).rejects.not.toSatisfy(isBusy);
    await expect(patient).rejects.toThrow('silent');
    const next = endpoint.ask(PATH, 'next', PATIENCE_MS);
    const { request, link: another } = await vi.waitUntil(() => server.held.find(({ link: each }) => each !== link), PATIENCE);
    answer(another, request);
    expect((await next).body).toBe('next');
  });

  it('answers slowly, but lives, fails one request alone, though the next one goes over another', async () => {
    await using server = await serveHeld();
    await using endpoint = endpointOf(server.url);
    const patient = endpoint.ask(PATH, 'patient', 60_000);
    const { request, link } = await server.nth(0);
    // Half of it for a pong, also on a busy machine.
    const impatient = endpoint.ask(PATH, 'impatient', 4000);
    impatient.catch(() => undefined);
    await server.nth(1);
    await expect(impatient).rejects.toSatisfy(isBusy);
    void endpoint.ask(PATH, 'next', 60_000).catch(() => undefined);
    expect((await server.nth(2)).link).not.toBe(link);
    answer(link, request);
    expect((await patient).body).toBe('patient');
    await vi.waitUntil(() => link.readyState === link.CLOSED, PATIENCE);
  });

  it('takes no more is left once it has answered', async () => {
    await using server = await serveHeld();
    await using endpoint = endpointOf(server.url);
    const [refused, answered] = ['refused', 'answered'].map((body) => endpoint.ask(PATH, body, PATIENCE_MS));
    refused?.catch(() => undefined);
    const { link } = await server.nth(1);
    for (const { request } of server.held) answer(link, request, request.body === 'refused' ? 503 : 200);
    await expect(refused).rejects.toThrow('503');
    expect(await answered).toMatchObject({ body: 'answered' });
    await vi.waitUntil(() => link.readyState === link.CLOSED, PATIENCE);
    void endpoint.ask(PATH, 'next', PATIENCE_MS).catch(() => undefined);
    expect((await server.nth(2)).link).not.toBe(link);
  });

  it('says what is no answer is given up', async () => {
    await using server = await serveLinks({ onRequest: (_request, link) => link.send('{"id":1}') });
    await using endpoint = endpointOf(server.url);
    await expect(endpoint.ask(PATH, {}, PATIENCE_MS)).rejects.toThrow('no answer');
  });

  it('has lived long enough makes way for another, when it has answered', async () => {
    await using server = await serveHeld();
    await using endpoint = endpointOf(server.url, 0);
    const first = endpoint.ask(PATH, 'first', PATIENCE_MS);
    const { request, link } = await server.nth(0);
    void endpoint.ask(PATH, 'second', PATIENCE_MS).catch(() => undefined);
    expect((await server.nth(1)).link).not.toBe(link);
    expect(link.readyState).toBe(link.OPEN);
    answer(link, request);
    expect((await first).body).toBe('first');
    await vi.waitUntil(() => link.readyState === link.CLOSED, PATIENCE);
  });

  it('cannot be opened in time is given up', async () => {
    const silent = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const endpoint = endpointOf(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await expect(endpoint.ask(PATH, {}, 50)).rejects.toThrow('silent');
    await endpoint[Symbol.asyncDispose]();
    await new Promise((resolve) => silent.close(resolve));
  });
});
