import { randomUUID } from 'node:crypto';
import { startWebhookReceiver, TEST_WEBHOOK_SECRET, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { type RunningCallService, SHORT_LEASE, startRunningCallService, startSecondCallService } from './running-call-service.ts';

const settingsFor = (url: string) => ({ WEBHOOK_URL: url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET, GATEWAY_LEASE_SECONDS: '60' });

const sessionOf = (userId: string, hears = 'calls') => ({ sessionId: randomUUID(), userId, deviceId: null, hears });

type Session = ReturnType<typeof sessionOf>;

const report = async (service: RunningCallService, opened: Session[], closed: Session[] = []): Promise<void> => {
  const response = await service.post('sessions', { gatewayId: 'gateway', opened, closed });
  if (!response.ok) throw new Error(`sessions were answered ${response.status}`);
};

/** What was told of a user, in order: `online`, `offline`. */
const toldOf = async ({ database }: RunningCallService, userId: string): Promise<string[]> => {
  const rows = await database.query<{ type: string }>('SELECT type FROM webhooks WHERE stream = $1 ORDER BY seq', [`user:${userId}`]);
  return rows.map(({ type }) => type.replace('user.', ''));
};

it('a user is online from the first session to the last, however many come and go at once, through whatever replica', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService(settingsFor(receiver.url));
  await using second = await startSecondCallService(service, settingsFor(receiver.url));
  const sessions = Array.from({ length: 12 }, (_, index) => sessionOf('ann', index % 2 === 0 ? 'calls' : 'chats'));
  const turn = (index: number) => (index % 2 === 0 ? service : second);
  await Promise.all(sessions.map((session, index) => report(turn(index), [session])));
  expect(await toldOf(service, 'ann')).toEqual(['online']);
  await Promise.all(sessions.slice(1).map((session, index) => report(turn(index), [], [session])));
  await until('they are settled', async () => {
    const unsettled = await service.database.query('SELECT FROM sessions WHERE closed_at IS NOT NULL AND settled_at IS NULL');
    return unsettled.length === 0;
  });
  expect(await toldOf(service, 'ann')).toEqual(['online']);
  await report(second, [], sessions.slice(0, 1));
  await receiver.receives('that ann is gone', ({ type }) => type === 'user.offline');
  expect(receiver.received.map(({ type }) => type)).toEqual(['user.online', 'user.offline']);
});

it('who comes while the last session is being settled has not gone', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService(settingsFor(receiver.url));
  const session = sessionOf('ann');
  await report(service, [session]);
  // Another replica is in the middle of opening a session.
  const opening =
    service.database.query(`BEGIN; INSERT INTO online_users (user_id) VALUES ('ann') ON CONFLICT (user_id) DO UPDATE SET since = now();
    INSERT INTO sessions (id, gateway_id, user_id) VALUES ('new', 'gateway', 'ann'); SELECT pg_sleep(1); COMMIT`);
  await until('it holds its locks', async () => {
    const busy = await service.database.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()");
    return busy.length > 0;
  });
  await report(service, [], [session]);
  await opening;
  await until(
    'the close is settled',
    async () => (await service.database.query('SELECT FROM sessions WHERE settled_at IS NOT NULL')).length > 0,
  );
  expect(await toldOf(service, 'ann')).toEqual(['online']);
});

it('whose opening arrives after its close has not come', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService(settingsFor(receiver.url));
  const session = sessionOf('ann');
  await report(service, [], [session]);
  await report(service, [session]);
  expect(await toldOf(service, 'ann')).toEqual([]);
  expect(await service.database.query('SELECT FROM online_users')).toEqual([]);
});

it('who was connected to a gateway that fell silent is offline', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService({ ...settingsFor(receiver.url), ...SHORT_LEASE });
  await report(service, [sessionOf('ann')]);
  await receiver.receives('that ann is gone', ({ type }) => type === 'user.offline');
});

it('who left while no webhooks were sent is told as offline by the next process that sends any', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startRunningCallService();
  await service.database.query("INSERT INTO online_users (user_id) VALUES ('long-gone'), ('still-here')");
  await report(service, [sessionOf('still-here')]);
  await using _second = await startSecondCallService(service, settingsFor(receiver.url));
  await receiver.receives('that one is gone', ({ type, data }) => type === 'user.offline' && data.userId === 'long-gone');
  expect(await service.database.query('SELECT user_id FROM online_users')).toEqual([{ user_id: 'still-here' }]);
});
