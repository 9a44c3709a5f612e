import { randomUUID } from 'node:crypto';
import { until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PushSystem, startPushSystem } from './push-system.ts';

const NOTIFICATIONS = '/v1/server/notifications';
const EVENTS = '/v1/server/events';
const LARGEST_BYTES = 4096;
const LONGEST_VALUE = 2000;

let world: PushSystem;

beforeAll(async () => {
  world = await startPushSystem({ gateways: 0 });
});
afterAll(() => world[Symbol.asyncDispose]());

/** So many bytes of further data. */
const filling = (bytes: number) => ({
  more: 'x'.repeat(Math.min(bytes, LONGEST_VALUE)),
  most: 'x'.repeat(Math.max(0, bytes - LONGEST_VALUE)),
});

/** What is asked with so much further data, by path; the recipients are whoever asks to say. */
type Ask = (bytes: number) => readonly [path: string, body: object];

const ASKS: readonly (readonly [string, Ask])[] = [
  [
    'long words, as three bytes a character',
    (bytes) => [
      NOTIFICATIONS,
      { type: 'custom', template: { name: 'x'.repeat(100), title: 'あ'.repeat(200), body: 'あ'.repeat(1000) }, data: filling(bytes) },
    ],
  ],
  ['the words of its type', (bytes) => [NOTIFICATIONS, { type: 'promotional', data: filling(bytes) }]],
  [
    'words in the data',
    (bytes) => [NOTIFICATIONS, { type: 'system_alert', data: { title: '"'.repeat(300), body: 'い'.repeat(500), ...filling(bytes) } }],
  ],
  [
    'an order',
    (bytes) => [NOTIFICATIONS, { type: 'order_update', data: { orderId: 'あ'.repeat(128), status: 'ö'.repeat(200), ...filling(bytes) } }],
  ],
  ['a receipt', (bytes) => [NOTIFICATIONS, { type: 'receipt_shared', data: { orderId: 'o'.repeat(128), ...filling(bytes) } }]],
  [
    'an event of the app',
    (bytes) => [
      EVENTS,
      { type: `custom:${'x'.repeat(64)}`, data: { title: '👍🏽'.repeat(100), body: 'う'.repeat(300), ...filling(bytes) } },
    ],
  ],
  ['an event without words', (bytes) => [EVENTS, { type: 'custom:x', data: { list: ['a', 'b'], ...filling(bytes) } }]],
];

const nobody = (path: string): object => (path === EVENTS ? { chatId: randomUUID() } : { userIds: ['nobody'] });

/** 400 where it is too large. Nobody is told. */
const fits = async (ask: Ask, bytes: number): Promise<boolean> => {
  const [path, body] = ask(bytes);
  const { status, text } = await world.backend.post(path, { ...body, ...nobody(path) });
  if (status === 400) expect(JSON.parse(text)).toMatchObject({ error: { code: 'parse_error', field: 'data' } });
  else expect([202, 404]).toContain(status);
  return status !== 400;
};

/** The most further data that is taken. */
const mostOf = async (ask: Ask): Promise<number> => {
  let [taken, refused] = [0, 2 * LONGEST_VALUE];
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2);
    if (await fits(ask, middle)) taken = middle;
    else refused = middle;
  }
  return taken;
};

/** A target of each kind; in a language whose own words are long. */
const targetsOf = async (userId: string): Promise<string[]> => {
  const rest = await world.system.rest(userId);
  const [android, ios] = [world.standIn.newFcmToken(), world.standIn.newFcmToken()];
  const browser = world.standIn.newSubscription();
  await rest.post('/v1/notifications/devices', { token: android, platform: 'android', locale: 'vi' });
  await rest.post('/v1/notifications/devices', { token: ios, platform: 'ios', locale: 'ja' });
  await rest.post('/v1/notifications/subscribe', { ...browser, locale: 'vi' });
  await rest.request('PUT', '/v1/notifications/preferences', { promotional: true });
  return [android, ios, browser.endpoint];
};

it.each(ASKS)('the largest push that is taken, of %s, is taken by every provider', async (_what, ask) => {
  const userId = `user-${randomUUID()}`;
  const targets = await targetsOf(userId);
  const most = await mostOf(ask);
  expect(await fits(ask, most + 1)).toBe(false);
  const [path, body] = ask(most);
  expect((await world.backend.post(path, { ...body, userIds: [userId] })).status).toBe(202);
  const pushes = await until('each was sent', async () => {
    const rows = await world.system.database.query<{ status: string; error: string | null }>('SELECT * FROM pushes WHERE user_id = $1', [
      userId,
    ]);
    return rows.length === targets.length && rows.every(({ status }) => status !== 'queued') ? rows : null;
  });
  expect(pushes.map(({ status, error }) => [status, error])).toEqual(targets.map(() => ['accepted', null]));
  const sent = world.standIn.received().filter(({ target }) => targets.includes(target));
  const bytes = (push: object): number => Buffer.byteLength(JSON.stringify(push));
  const onPhones = sent.flatMap((push) =>
    push.provider === 'fcm' ? [bytes({ ...push.message.data, ...push.message.apns?.payload })] : [],
  );
  const inBrowser = sent.flatMap((push) => (push.provider === 'fcm' ? [] : [bytes(push.payload as object)]));
  expect([onPhones.length, inBrowser.length]).toEqual([2, 1]);
  // What FCM adds has room too, and little is wasted.
  expect(Math.max(...onPhones)).toBeLessThan(LARGEST_BYTES - 150);
  expect(Math.max(...onPhones, ...inBrowser)).toBeGreaterThan(LARGEST_BYTES - 500);
});
