import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import { createRestClient } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushClient } from './push-client.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

const DEVICES = '/v1/notifications/devices';
const SUBSCRIBE = '/v1/notifications/subscribe';
const VAPID = 'B'.padEnd(87, 'A');

let service: RunningCallService;
let client: ReturnType<typeof pushClient>;

beforeAll(async () => {
  service = await startRunningCallService({ LIMIT_REST_PER_MINUTE: '0', VAPID_PUBLIC_KEY: VAPID });
  client = pushClient(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const point = (): string => createECDH('prime256v1').generateKeys('base64url');

const subscription = (endpoint = `https://fcm.googleapis.com/fcm/send/${randomUUID()}`) => ({
  endpoint,
  expirationTime: null,
  keys: { p256dh: point(), auth: randomBytes(16).toString('base64url') },
});

const ownersOf = async (address: string): Promise<string[]> =>
  (await service.database.query<{ user_id: string }>('SELECT user_id FROM push_targets WHERE address = $1', [address])).map(
    ({ user_id }) => user_id,
  );

describe('a device', () => {
  it('is registered, and registered again without becoming two', async () => {
    const ann = await client.as('ann', { deviceId: 'of-the-token' });
    const first = await ann.post(DEVICES, { token: 'token-of-ann', platform: 'ios', deviceId: 'phone', kind: 'fid', locale: 'ja-JP' });
    expect(first).toMatchObject({ status: 201, body: { platform: 'ios', deviceId: 'phone', kind: 'fid', locale: 'ja-JP' } });
    const again = await ann.post(DEVICES, { token: 'token-of-ann', platform: 'ios' });
    expect(again).toMatchObject({ status: 201, body: { id: first.body.id, deviceId: 'of-the-token', kind: 'token' } });
    expect(await ownersOf('token-of-ann')).toEqual(['ann']);
  });

  it('may name itself in either spelling', async () => {
    const ann = await client.as('ann', { deviceId: 'of-the-token' });
    const body = { token: 'token-in-snake-case', platform: 'ios' };
    expect(await ann.post(DEVICES, { ...body, device_id: 'phone' })).toMatchObject({ status: 201, body: { deviceId: 'phone' } });
    expect((await ann.post(DEVICES, { ...body, deviceId: 'phone', device_id: null })).body.deviceId).toBe('phone');
  });

  it('moves with its token to who registers it next, as another target', async () => {
    const body = { token: 'a-shared-phone', platform: 'android', deviceId: 'phone' };
    const { body: first } = await (await client.as('ann')).post(DEVICES, body);
    const { body: next } = await (await client.as('bob')).post(DEVICES, body);
    expect(await ownersOf('a-shared-phone')).toEqual(['bob']);
    expect(next.id).not.toBe(first.id);
  });

  it('is removed by its owner alone; others hear nothing of it', async () => {
    await client.device('ann', 'phone', 'only-anns');
    const asBob = await (await client.as('bob')).request('DELETE', DEVICES, { token: 'only-anns' });
    expect([asBob.status, await ownersOf('only-anns')]).toEqual([204, ['ann']]);
    const asAnn = await (await client.as('ann')).request('DELETE', DEVICES, { token: 'only-anns' });
    expect([asAnn.status, await ownersOf('only-anns')]).toEqual([204, []]);
    expect((await (await client.as('ann')).request('DELETE', `${DEVICES}?token=only-anns`)).status).toBe(204);
  });

  it('number fifty-one drives out the oldest', async () => {
    const rest = await client.as('a-collector');
    for (let index = 0; index < 51; index += 1) await rest.post(DEVICES, { token: `collected-${index}`, platform: 'android' });
    const rows = await service.database.query<{ address: string }>(`SELECT address FROM push_targets WHERE user_id = 'a-collector'`);
    expect(rows).toHaveLength(50);
    expect(rows.map(({ address }) => address)).not.toContain('collected-0');
  });

  it.each([
    ['platform', { platform: 'windows' }],
    ['platform', { platform: undefined }],
    ['token', { token: '' }],
    ['token', { token: 7 }],
    ['token', { token: 'x'.repeat(2049) }],
    ['token', { token: 'two words' }],
    ['kind', { kind: 'apns' }],
    ['deviceId', { deviceId: 'x'.repeat(129) }],
    ['device_id', { device_id: 'x'.repeat(129) }],
    ['locale', { locale: 'not a language' }],
  ])('with a bad %s is refused: %j', async (field, change) => {
    const answer = await (await client.as('ann')).post(DEVICES, { token: 'token', platform: 'android', ...change });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'parse_error', field } } });
  });
});

describe('a subscription', () => {
  it('is taken as browsers give it, and removed by its endpoint', async () => {
    const given = subscription();
    const ann = await client.as('ann');
    const { status, body } = await ann.post(SUBSCRIBE, given, { 'accept-language': 'vi-VN,vi;q=0.9' });
    expect([status, body]).toEqual([201, { id: expect.any(String), endpoint: given.endpoint, deviceId: null, locale: 'vi' }]);
    expect((await (await client.as('bob')).request('DELETE', SUBSCRIBE, { endpoint: given.endpoint })).status).toBe(204);
    expect(await ownersOf(given.endpoint)).toEqual(['ann']);
    expect((await ann.request('DELETE', SUBSCRIBE, { endpoint: given.endpoint })).status).toBe(204);
    expect(await ownersOf(given.endpoint)).toEqual([]);
  });

  it('may name its device in either spelling', async () => {
    const answer = await (await client.as('ann')).post(SUBSCRIBE, { ...subscription(), device_id: 'laptop' });
    expect(answer).toMatchObject({ status: 201, body: { deviceId: 'laptop' } });
  });

  const offCurve = Buffer.alloc(65, 1);
  offCurve[0] = 4;

  it.each([
    ['endpoint', { endpoint: 'http://fcm.googleapis.com/fcm/send/x' }],
    ['endpoint', { endpoint: 'https://127.0.0.1/x' }],
    ['endpoint', { endpoint: 'https://0x7f000001/x' }],
    ['endpoint', { endpoint: 'https://[::ffff:127.0.0.1]/x' }],
    ['endpoint', { endpoint: 'https://example.com/x' }],
    ['endpoint', { endpoint: 'https://fcm.googleapis.com.example.com/x' }],
    ['endpoint', { endpoint: 'https://user@fcm.googleapis.com/x' }],
    ['endpoint', { endpoint: 'no address' }],
    ['endpoint', { endpoint: `https://fcm.googleapis.com/${'x'.repeat(2048)}` }],
    ['keys', { keys: undefined }],
    ['keys.p256dh', { keys: { p256dh: 'short', auth: randomBytes(16).toString('base64url') } }],
    ['keys.p256dh', { keys: { p256dh: offCurve.toString('base64url'), auth: randomBytes(16).toString('base64url') } }],
    ['keys.p256dh', { keys: { p256dh: 'not base64url!', auth: randomBytes(16).toString('base64url') } }],
    ['keys.auth', { keys: { p256dh: point(), auth: randomBytes(15).toString('base64url') } }],
    ['expirationTime', { expirationTime: 'tomorrow' }],
    ['expiration_time', { expirationTime: undefined, expiration_time: 'tomorrow' }],
  ])('with a bad %s is refused: %j', async (field, change) => {
    const answer = await (await client.as('ann')).post(SUBSCRIBE, { ...subscription(), ...change });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'parse_error', field } } });
  });

  it('may be anywhere for tests, which production refuses', async () => {
    await using insecure = await startRunningCallService({ WEB_PUSH_ALLOW_INSECURE: '1' });
    const answer = await (await pushClient(insecure).as('ann')).post(SUBSCRIBE, subscription('http://127.0.0.1:9/x'));
    expect(answer.status).toBe(201);
    const production = startRunningCallService({ WEB_PUSH_ALLOW_INSECURE: '1', NODE_ENV: 'production' });
    await expect(production).rejects.toThrow('WEB_PUSH_ALLOW_INSECURE');
  });
});

it('the VAPID key is for everybody; without one there is nothing', async () => {
  expect((await createRestClient(service.url, null).get('/v1/notifications/vapid-public-key')).body).toEqual({ publicKey: VAPID });
  await using without = await startRunningCallService();
  const answer = await createRestClient(without.url, null).get('/v1/notifications/vapid-public-key');
  expect(answer).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});

it('without a token, with a broken body, or on a path that is none, errors are plain', async () => {
  const nobody = createRestClient(service.url, null);
  expect(await nobody.post(DEVICES, { token: 'x', platform: 'ios' })).toMatchObject({
    status: 401,
    body: { error: { code: 'unauthenticated' } },
  });
  const broken = await (await client.as('ann')).post(DEVICES, '{"token":');
  expect(broken).toMatchObject({ status: 400, body: { error: { code: 'parse_error' } } });
  expect(await nobody.get('/v1/nowhere')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});

describe('preferences', () => {
  const PATH = '/v1/notifications/preferences';
  const DEFAULTS = {
    order_updates: true,
    chat_messages: true,
    promotional: false,
    system_alerts: true,
    calls: true,
    quiet_hours: null,
    calls_during_quiet_hours: false,
  };

  it('are the bare object, and a part of them changes that part', async () => {
    const rest = await client.as(`user-${randomUUID()}`);
    expect((await rest.get(PATH)).body).toEqual(DEFAULTS);
    const quiet_hours = { start: '22:00', end: '07:00', time_zone: 'Asia/Tokyo' };
    expect((await rest.request('PUT', PATH, { promotional: true, quiet_hours })).body).toEqual({
      ...DEFAULTS,
      promotional: true,
      quiet_hours,
    });
    expect((await rest.request('PUT', PATH, { quiet_hours: null })).body).toEqual({ ...DEFAULTS, promotional: true });
    expect((await rest.get(PATH)).body).toEqual({ ...DEFAULTS, promotional: true });
    expect((await (await client.as('somebody-else')).get(PATH)).body).toEqual(DEFAULTS);
  });

  it('are taken in either spelling, and answered in one', async () => {
    const rest = await client.as(`user-${randomUUID()}`);
    const quietHours = { start: '22:00', end: '07:00', timeZone: 'Asia/Tokyo' };
    expect((await rest.request('PUT', PATH, { orderUpdates: false, callsDuringQuietHours: true, quietHours })).body).toEqual({
      ...DEFAULTS,
      order_updates: false,
      calls_during_quiet_hours: true,
      quiet_hours: { start: '22:00', end: '07:00', time_zone: 'Asia/Tokyo' },
    });
    expect((await rest.request('PUT', PATH, { quietHours: null })).body.quiet_hours).toBeNull();
  });

  it.each([
    ['promotional', { promotional: 'yes' }],
    ['orderUpdates', { orderUpdates: 'yes' }],
    ['quietHours.timeZone', { quietHours: { start: '22:00', end: '07:00', timeZone: 'Nowhere/Town' } }],
    ['quiet_hours.zone', { quiet_hours: { start: '22:00', end: '07:00', time_zone: 'UTC', zone: 'UTC' } }],
    ['constructor', { constructor: true }],
    ['marketing', { marketing: true }],
    ['quiet_hours.start', { quiet_hours: { start: '24:00', end: '07:00', time_zone: 'UTC' } }],
    ['quiet_hours.time_zone', { quiet_hours: { start: '22:00', end: '07:00', time_zone: 'Nowhere/Town' } }],
  ])('with a bad %s are refused', async (field, change) => {
    const answer = await (await client.as('ann')).request('PUT', PATH, change);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'parse_error', field } } });
  });
});
