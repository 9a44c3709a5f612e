import { request } from 'node:http';
import { type CommandReply, INTERNAL_PATHS, LINK_PATHS } from '@trunkline/contract';
import { createLogger, startHttpServer } from '@trunkline/service-kit';
import { mintToken, until } from '@trunkline/testing';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startInternalLinks, takesLink } from '../src/http/internal-links.ts';
import { startCallServiceProcess } from './call-service-process.ts';
import { place } from './envelopes.ts';
import { INTERNAL_TOKEN, openLink, refusalOf } from './link-client.ts';
import { type RunningCallService, startRunningCallService, startSecondCallService } from './running-call-service.ts';

const { commands, lease, sessions, due } = INTERNAL_PATHS;
const renewal = { gatewayId: 'gateway' };

/** Nothing is placed until it is let go. */
const holdCalls = async (service: RunningCallService) => {
  const client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE calls IN EXCLUSIVE MODE');
  return { [Symbol.asyncDispose]: () => client.end() };
};

const isWaiting = async (service: RunningCallService): Promise<boolean> => {
  const waiting = await service.database.query(
    `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'trunkline call-service' AND wait_event_type = 'Lock'`,
  );
  return waiting.length > 0;
};

const statusOfUpgrade = (url: string, protocol: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { headers: { connection: 'Upgrade', upgrade: protocol } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });

describe('a link', () => {
  it('opens only with a token that counts', async () => {
    await using service = await startRunningCallService({ INTERNAL_TOKEN_PREVIOUS: 'the-token-before-that-one' });
    const others = ['', 'Bearer wrong', 'Basic dGVzdA==', INTERNAL_TOKEN, `Bearer ${await mintToken('ann')}`];
    for (const authorization of others) expect(await refusalOf(service.url, authorization)).toBe(401);
    for (const token of [INTERNAL_TOKEN, 'the-token-before-that-one']) {
      await using link = await openLink(service.url, token);
      link.say({ id: 1, path: lease, body: renewal });
      expect(await link.answerTo(1)).toMatchObject({ status: 200 });
    }
  });

  it('is the only upgrade: any other is a request like all', async () => {
    await using service = await startRunningCallService();
    // As Java's client asks, of every server, whether it speaks HTTP/2.
    expect(await statusOfUpgrade(`${service.url}/readyz`, 'h2c')).toBe(200);
    expect(await statusOfUpgrade(`${service.url}/ws/chat`, 'websocket')).toBe(404);
  });

  it('answers what the door answers, each request by its id', async () => {
    await using service = await startRunningCallService();
    await using link = await openLink(service.url);
    const envelopes = Array.from({ length: 20 }, (_, index) => place(`caller-${index}`, `callee-${index}`));
    for (const [id, envelope] of envelopes.entries()) link.say({ id, path: commands, body: { commands: [envelope] } });
    for (const [id, envelope] of envelopes.entries()) {
      const { status, body } = await link.answerTo(id);
      expect([status, (body as { replies: CommandReply[] }).replies]).toMatchObject([
        200,
        [{ ok: true, call: { id: envelope.mintedCallId } }],
      ]);
    }
    // Over the other way in, the same command is known.
    const again = await service.post('commands', { commands: [{ ...envelopes[0], attempt: 2 }] });
    expect(await again.json()).toEqual((await link.answerTo(0)).body);
  });

  it('serves every path that gateways ask, and none else', async () => {
    await using service = await startRunningCallService();
    await using link = await openLink(service.url);
    const paths = [...Object.values(INTERNAL_PATHS), 'toString'];
    for (const [id, path] of paths.entries()) link.say({ id, path, body: {} });
    for (const [id, path] of paths.entries())
      expect([path, (await link.answerTo(id)).status]).toEqual([path, LINK_PATHS.has(path) ? 400 : 404]);
    link.say({ id: 99, path: due, body: {} });
    expect(await link.answerTo(99)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  });

  it('answers a bug with 500, and stays', async () => {
    await using service = await startRunningCallService();
    await using link = await openLink(service.url);
    await service.database.query('ALTER TABLE sessions RENAME TO elsewhere');
    link.say({ id: 1, path: sessions, body: { ...renewal, opened: [{ sessionId: 's', userId: 'ann', deviceId: null }], closed: [] } });
    expect(await link.answerTo(1)).toEqual({ id: 1, status: 500, body: { error: expect.objectContaining({ code: 'service_error' }) } });
    await service.database.query('ALTER TABLE elsewhere RENAME TO sessions');
    link.say({ id: 2, path: lease, body: renewal });
    expect(await link.answerTo(2)).toMatchObject({ status: 200 });
  });

  it.each([
    ['is no JSON', '{"id":1,'],
    ['has no id', { path: lease, body: renewal }],
    ['has no path', { id: 1, body: renewal }],
    ['is binary', Buffer.from(JSON.stringify({ id: 1, path: lease, body: renewal }))],
    ['is deeper than JSON is read', `{"id":1,"path":"${lease}","body":${'['.repeat(1_000_000)}`],
  ])('is closed for a frame that %s, and the service goes on', async (_what, frame) => {
    await using service = await startRunningCallService();
    await using link = await openLink(service.url);
    await using other = await openLink(service.url);
    link.say(frame);
    expect(await link.closed).toBe(1007);
    other.say({ id: 1, path: lease, body: renewal });
    expect(await other.answerTo(1)).toMatchObject({ status: 200 });
  });

  it('is closed for a frame that is larger than a request may be, and takes the largest', async () => {
    await using service = await startRunningCallService();
    await using link = await openLink(service.url);
    link.say({ id: 1, path: lease, body: { ...renewal, filling: 'x'.repeat(4 * 1024 * 1024 - 200) } });
    expect(await link.answerTo(1)).toMatchObject({ status: 200 });
    link.say({ id: 2, path: lease, body: { ...renewal, filling: 'x'.repeat(4 * 1024 * 1024) } });
    expect(await link.closed).toBe(1009);
  });

  it('is not ended by an answer that is larger than a gateway takes: who asked for that is refused', async () => {
    await using server = await startHttpServer((_request, response) => void response.end(), { port: 0, takesUpgrade: takesLink });
    await using _links = startInternalLinks({
      server: server.server,
      knowsToken: () => true,
      operations: new Map([[lease, async (length: unknown) => ({ status: 200, body: 'x'.repeat(Number(length)) })]]),
      logger: createLogger('test', 'silent'),
      countAnswer: () => undefined,
    });
    await using link = await openLink(server.url);
    link.say({ id: 1, path: lease, body: 33 * 1024 * 1024 });
    expect(await link.answerTo(1)).toMatchObject({ status: 413, body: { error: { code: 'service_error' } } });
    link.say({ id: 2, path: lease, body: 3 });
    expect(await link.answerTo(2)).toMatchObject({ status: 200, body: 'xxx' });
  });

  it('has no more than 128 requests under way', async () => {
    await using service = await startRunningCallService();
    await using link = await openLink(service.url);
    {
      await using _held = await holdCalls(service);
      for (let id = 1; id <= 130; id += 1) link.say({ id, path: commands, body: { commands: [place(`caller-${id}`, `callee-${id}`)] } });
      for (const id of [129, 130])
        expect(await link.answerTo(id)).toMatchObject({ status: 429, body: { error: { code: 'rate_limited' } } });
      expect(link.answers).toHaveLength(2);
    }
    expect(await link.answerTo(128)).toMatchObject({ status: 200, body: { replies: [{ ok: true }] } });
    link.say({ id: 131, path: lease, body: renewal });
    expect(await link.answerTo(131)).toMatchObject({ status: 200 });
  });

  it('of a call-service that stops answers what is under way, takes no more, and is closed', async () => {
    await using service = await startRunningCallService();
    const stopping = await startSecondCallService(service);
    await using link = await openLink(stopping.url);
    await using idle = await openLink(stopping.url);
    const [envelope, late] = [place('ann', 'bob'), place('kim', 'lee')];
    let stopped: Promise<void>;
    {
      await using _held = await holdCalls(service);
      link.say({ id: 1, path: commands, body: { commands: [envelope] } });
      await until('the command is under way', () => isWaiting(service));
      stopped = Promise.resolve(stopping[Symbol.asyncDispose]());
      expect(await idle.closed).toBe(1001);
      link.say({ id: 2, path: commands, body: { commands: [late] } });
      expect(await link.answerTo(2)).toMatchObject({ status: 503 });
      expect(await refusalOf(stopping.url, `Bearer ${INTERNAL_TOKEN}`)).toBe(503);
    }
    expect(await link.answerTo(1)).toMatchObject({ status: 200, body: { replies: [{ ok: true, call: { id: envelope.mintedCallId } }] } });
    expect(await link.closed).toBe(1001);
    await stopped;
    expect(await service.database.query('SELECT id FROM calls')).toEqual([{ id: envelope.mintedCallId }]);
  });

  it('that does not finish in time is cut', async () => {
    await using server = await startHttpServer((_request, response) => void response.end(), { port: 0, takesUpgrade: takesLink });
    let isUnderWay = false;
    const links = startInternalLinks({
      server: server.server,
      knowsToken: () => true,
      operations: new Map([
        [
          lease,
          () => {
            isUnderWay = true;
            return new Promise<never>(() => undefined);
          },
        ],
      ]),
      logger: createLogger('test', 'silent'),
      countAnswer: () => undefined,
      finishWithinMs: 50,
    });
    await using link = await openLink(server.url);
    link.say({ id: 1, path: lease, body: renewal });
    await until('it is under way', () => isUnderWay);
    await links[Symbol.asyncDispose]();
    expect(await link.closed).toBe(1006);
  });

  it('leaves neither token nor body in the log', async () => {
    await using service = await startCallServiceProcess({ STOP_NOTICE_SECONDS: '0' });
    const canary = 'canary-of-a-frame';
    expect(await refusalOf(service.url, `Bearer ${canary}`)).toBe(401);
    for (const frame of [`${canary}{`, { id: 1, path: canary }, { id: 1, path: commands, body: { [canary]: canary.repeat(250_000) } }]) {
      await using link = await openLink(service.url);
      link.say(frame);
      await Promise.race([link.closed, link.answerTo(1)]);
    }
    const lineOf = (msg: string): string | undefined =>
      service
        .output()
        .split('\n')
        .find((line) => line.includes(msg));
    for (const msg of ['a link said what is no request', 'a link broke'])
      expect(await until(`"${msg}" is logged`, () => lineOf(msg))).toMatch(/"from":"[\d.:a-f]+"/);
    expect(service.output()).not.toContain(canary);
    expect(service.output()).not.toContain(INTERNAL_TOKEN);
  });
});
