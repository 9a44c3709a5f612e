import { createHash, randomUUID } from 'node:crypto';
import { type RestClient, startWebhookReceiver, TEST_WEBHOOK_SECRET, type WebhookReceiver } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverOf, startChatService } from './chat-door.ts';
import type { RunningCallService } from './running-call-service.ts';

let receiver: WebhookReceiver;
let service: RunningCallService;
let backend: RestClient;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  service = await startChatService({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET });
  backend = serverOf(service);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const NOTIFICATIONS = '/v1/server/notifications';

/** Everywhere that takes a time of the app's backend: the status that it answers with. */
const TAKERS: Readonly<Record<string, (time: string) => Promise<{ status: number }>>> = {
  'since of the audit': (time) => backend.get(`/v1/server/audit?since=${encodeURIComponent(time)}`),
  'until of the audit': (time) => backend.get(`/v1/server/audit?until=${encodeURIComponent(time)}`),
  'since of the calls of a user': (time) => backend.get(`/v1/server/calls?userId=ann&since=${encodeURIComponent(time)}`),
  'until of the calls of a user': (time) => backend.get(`/v1/server/calls?userId=ann&until=${encodeURIComponent(time)}`),
  'since of calls': (time) => backend.get(`/v1/server/calls?since=${encodeURIComponent(time)}`),
  'until of calls': (time) => backend.get(`/v1/server/calls?until=${encodeURIComponent(time)}`),
  'since of a replay': (time) => backend.post('/v1/server/webhooks/replay', { since: time }),
  'sendAt of a notification': (time) => backend.post(NOTIFICATIONS, { userIds: ['ann'], type: 'custom', sendAt: time }),
};

describe.each(Object.keys(TAKERS))('as %s', (taker) => {
  it.each([
    '2026-11-21T00:00:00+16:00',
    '2026-11-21T00:00:00-23:59',
    '2026-11-21T00:00:00+23:59',
    '2026-11-21T00:00:00.123456789Z',
    '0001-01-01T00:00:00Z',
    '0000-12-31T23:30:00-01:00',
    '9999-12-31T23:59:59.999Z',
  ])('%s is a time', async (time) => {
    expect((await TAKERS[taker]?.(time))?.status).toBeOneOf([200, 202]);
  });

  it.each([
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '2026-11-21T00:00:00',
    '2026-11-21T00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-21T24:00:00Z',
    'yesterday',
    '',
  ])('%s is refused', async (time) => {
    expect((await TAKERS[taker]?.(time))?.status).toBe(400);
  });
});

it('a notification goes out at the moment that was meant, and is known again by the text in which it was given', async () => {
  const asked = { userIds: ['ann'], type: 'custom', data: { link: '/here' }, dedupeKey: randomUUID() };
  const sendAt = '2099-01-01T10:00:00+16:00';
  const { status, body } = await backend.post(NOTIFICATIONS, { ...asked, sendAt });
  expect(status).toBe(202);
  const content = { type: 'custom', name: null, title: null, body: null, data: asked.data };
  expect(await service.database.query('SELECT send_at AS "sendAt", body_hash AS hash FROM bulks WHERE id = $1', [body.id])).toEqual([
    {
      sendAt: new Date('2098-12-31T18:00:00Z'),
      hash: createHash('sha256')
        .update(JSON.stringify([content, ['ann'], sendAt]))
        .digest('base64url'),
    },
  ]);
  expect((await backend.post(NOTIFICATIONS, { ...asked, sendAt })).body).toEqual({ id: body.id, duplicate: true });
});

const cursorOf = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

it('a crafted cursor of calls is refused where no call can be, and finds what lies behind it where one could', async () => {
  const { body } = await backend.post('/v1/server/calls', { callerId: 'cid', calleeId: 'dan' });
  const list = async (who: string, ...parts: unknown[]) => {
    const { status, body: page } = await backend.get(`/v1/server/calls?${who}&cursor=${cursorOf(...parts)}`);
    return [status, page.items?.map(({ id }: { id: string }) => id)];
  };
  for (const who of ['', 'userId=cid']) {
    for (const parts of [[1e300, 'a'], [-1, 'a'], [9e15, ''], ['1', 'a'], [1]]) expect(await list(who, ...parts)).toEqual([400, undefined]);
    for (const parts of [
      [0, ''],
      [0.5, 'x'],
    ])
      expect(await list(who, ...parts)).toEqual([200, []]);
    expect(await list(`${who}&since=2026-01-01T00:00:00Z`, 8e15, '')).toEqual([200, [body.id]]);
  }
  expect(await list('', 8e15, '')).toEqual([200, []]);
});
