import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { RESERVED_CALL_IDS } from '@trunkline/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chatsApi } from '../src/chat/chats-api.ts';
import { pushRegistration } from '../src/push/push-registration.ts';
import { callsApi } from '../src/rest/calls-api.ts';
import { Rest } from '../src/rest/rest.ts';
import { blocksApi } from '../src/rest/users-api.ts';
import { type GetToken, TokenSource } from '../src/token-source.ts';
import { TrunklineError } from '../src/trunkline-error.ts';

// The wire as the specifications write it: what goes out, and what comes back.

interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** What becomes of an answer of which only its head and `body` went out. */
  readonly halfway?: 'breaks off' | 'stalls';
}

const asked: { line: string; authorization: string | undefined; body: unknown }[] = [];
let replies: Reply[] = [];

const server = createServer(async (request, response) => {
  const body = await text(request);
  const { method, url, headers } = request;
  asked.push({ line: `${method} ${url}`, authorization: headers.authorization, body: body === '' ? null : JSON.parse(body) });
  const reply = replies.shift() ?? { status: 200, body: '{}' };
  response.writeHead(reply.status, reply.headers);
  if (reply.halfway === undefined) response.end(reply.body);
  else response.write(reply.body, () => (reply.halfway === 'stalls' ? undefined : response.destroy()));
});

let url: string;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  asked.length = 0;
  replies = [];
});

const quiet = { renewBeforeMs: 0, onRenewed: () => undefined, onFailed: () => undefined };
const restWith = (token: string | null, getToken: GetToken | null = null, timeoutMs = 5000): Rest =>
  new Rest({ url, tokens: new TokenSource({ token, getToken, ...quiet }), timeoutMs, fetch });

describe('blocks', () => {
  it('are listed whole, page by page, and at once by a server that knows no pages', async () => {
    const page = (items: string[], nextCursor?: string | null): Reply => ({
      status: 200,
      body: JSON.stringify({ success: true, message: '', data: { items, nextCursor } }),
    });
    replies = [page(['ann', 'bob'], 'a/b'), page(['cem'], null), page(['dan'])];
    const blocks = blocksApi(restWith('T'));
    expect([await blocks.list(), await blocks.list()]).toEqual([['ann', 'bob', 'cem'], ['dan']]);
    const first = 'GET /api/v1/users/me/blocks';
    expect(asked.map(({ line }) => line)).toEqual([first, `${first}?cursor=a%2Fb`, first]);
  });
});

describe('push registration', () => {
  const push = () => pushRegistration(restWith('T'));

  it('registers a device, and removes it', async () => {
    replies = [{ status: 201, body: '{"id":"1"}' }, { status: 204 }];
    await push().registerDevice({ token: 'fcm', platform: 'android', deviceId: 'phone' });
    await push().removeDevice('fcm');
    expect(asked).toEqual([
      {
        line: 'POST /v1/notifications/devices',
        authorization: 'Bearer T',
        body: { token: 'fcm', platform: 'android', deviceId: 'phone' },
      },
      { line: 'DELETE /v1/notifications/devices', authorization: 'Bearer T', body: { token: 'fcm' } },
    ]);
  });

  it('takes a subscription as a browser gives it', async () => {
    const keys = { p256dh: 'p', auth: 'a' };
    replies = [{ status: 200, body: '{"publicKey":"BPub"}' }, { status: 201, body: '{"id":"1"}' }, { status: 204 }];
    expect(await push().vapidPublicKey()).toBe('BPub');
    await push().subscribe({ endpoint: 'https://push.example/1', expirationTime: null, keys }, { locale: 'ja' });
    await push().unsubscribe('https://push.example/1');
    expect(asked.map(({ line, body }) => [line, body])).toEqual([
      ['GET /v1/notifications/vapid-public-key', null],
      ['POST /v1/notifications/subscribe', { endpoint: 'https://push.example/1', expirationTime: null, keys, locale: 'ja' }],
      ['DELETE /v1/notifications/subscribe', { endpoint: 'https://push.example/1' }],
    ]);
  });

  it('names the field that was wrong', async () => {
    replies = [{ status: 400, body: '{"error":{"code":"parse_error","message":"platform: unknown","field":"platform"}}' }];
    await expect(push().registerDevice({ token: 't', platform: 'ios' })).rejects.toMatchObject({
      code: 'parse_error',
      message: 'platform: unknown',
      field: 'platform',
    });
  });
});

describe('chats over REST', () => {
  it('are spelled as the wire spells them', async () => {
    const chats = chatsApi(restWith('T'));
    replies = [{ status: 201, body: '{"id":"c"}' }];
    expect(await chats.create({ orderId: 'o', userId: 'u', shopperId: 's', initialMessage: 'Hi' })).toEqual({ id: 'c' });
    await chats.list({ page: 2, limit: 5 });
    await chats.messages('c/1', { before: 'm', limit: 50 });
    expect(asked.map(({ line, body }) => [line, body])).toEqual([
      ['POST /v1/chat', { order_id: 'o', user_id: 'u', shopper_id: 's', initial_message: 'Hi' }],
      ['GET /v1/chat/my-chats?page=2&limit=5', null],
      ['GET /v1/chat/c%2F1/messages?limit=50&before=m', null],
    ]);
  });
});

describe('answers', () => {
  const read = (rest = restWith('T')) => callsApi(rest).read('C');

  it('under /api are in an envelope', async () => {
    replies = [{ status: 200, body: '{"success":true,"message":"","data":{"id":"C","status":"RINGING"}}' }];
    expect(await read()).toEqual({ id: 'C', status: 'RINGING' });
  });

  it.each<[string, Reply, object]>([
    [
      'an error by its code',
      {
        status: 404,
        headers: { 'x-error-code': 'call_not_found' },
        body: '{"success":false,"message":"There is no such call","data":null}',
      },
      { code: 'call_not_found', message: 'There is no such call' },
    ],
    ['a path that there is not', { status: 404, body: 'Not found' }, { code: 'not_found', message: 'The server answered 404' }],
    ['a proxy in trouble', { status: 502, body: '<html>' }, { code: 'service_error' }],
    ['nothing', { status: 500, body: '{"error":null}' }, { code: 'service_error' }],
    ['what Trunkline does not', { status: 200, body: '<html>Sign in to the network</html>' }, { code: 'unreachable' }],
    ['what is no object', { status: 200, body: '"yes"' }, { code: 'unreachable' }],
    [
      'too many',
      { status: 429, headers: { 'x-error-code': 'rate_limited', 'retry-after': '7' } },
      { code: 'rate_limited', retryAfterSeconds: 7 },
    ],
  ])('say %s', async (_name, reply, error) => {
    replies = [reply];
    await expect(read()).rejects.toMatchObject(error);
  });

  it('that a token does not hold ask for another, once', async () => {
    const refused: Reply = { status: 401, headers: { 'x-error-code': 'unauthenticated' } };
    replies = [refused, { status: 200, body: '{"data":{"id":"C","status":"RINGING"}}' }, refused];
    const rest = restWith('old', (why) => `new, for it was ${why}`);
    expect(await read(rest)).toMatchObject({ id: 'C' });
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer old', 'Bearer new, for it was refused']);
    await expect(read(rest)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each(['{"data":{"items":[],"nextCursor":null}}', '{"data":[]}', '{"data":null}', '{}', ''])(
    'that are no call are none: %s',
    async (body) => {
      replies = [{ status: 200, body }];
      await expect(read()).rejects.toMatchObject({ code: 'call_not_found', callId: 'C' });
    },
  );

  it('about a call under a word that is a route are not asked for', async () => {
    for (const word of RESERVED_CALL_IDS)
      await expect(callsApi(restWith('T')).read(word)).rejects.toMatchObject({ code: 'call_not_found', callId: word, wasSent: false });
    expect(asked).toEqual([]);
  });

  it('that never come are an error too', async () => {
    const nowhere = new Rest({
      url: 'http://127.0.0.1:1',
      tokens: new TokenSource({ token: 'T', getToken: null, ...quiet }),
      timeoutMs: 5000,
      fetch,
    });
    await expect(read(nowhere)).rejects.toMatchObject({ code: 'unreachable', cause: expect.anything() });
  });

  it.each([
    ['breaks off', 'TypeError'],
    ['stalls', 'TimeoutError'],
  ] as const)('of which one %s in the middle are an error too', async (halfway, name) => {
    replies = [{ status: 200, headers: { 'content-length': '100' }, body: '{"data":{"id":"C",', halfway }];
    const error = await read(restWith('T', null, 500)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrunklineError);
    expect(error).toMatchObject({ code: 'unreachable', cause: { name } });
  });
});

describe('a token that the app could not give', () => {
  const failure = new Error('The backend of the app is down');
  const broken: GetToken = () => {
    throw failure;
  };
  const failing = (rest: Rest): Promise<unknown> =>
    callsApi(rest)
      .history()
      .catch((thrown: unknown) => thrown);

  it('is an error with what the app threw as its cause, and nothing was asked', async () => {
    const error = await failing(restWith(null, broken));
    expect(error).toBeInstanceOf(TrunklineError);
    expect(error).toMatchObject({ code: 'service_error', message: String(failure), cause: failure, wasSent: false });
    expect(asked).toEqual([]);
  });

  it('in place of one that was refused is one too', async () => {
    replies = [{ status: 401 }];
    const error = await failing(restWith('old', broken));
    expect(error).toBeInstanceOf(TrunklineError);
    expect(error).toMatchObject({ code: 'service_error', cause: failure, wasSent: true });
    expect(asked).toHaveLength(1);
  });

  it('is the app’s own word where that is an error of this library', async () => {
    const own = new TrunklineError('signed_out', 'Nobody is signed in');
    expect(await failing(restWith(null, () => Promise.reject(own)))).toBe(own);
  });
});
