import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { join, say } from './chat-room.ts';
import { startPushSystem } from './push-system.ts';

/** What call-service does about gateways that it has not heard of for more than a minute and their lease. */
const FORGET_GATEWAYS = `WITH lapsed AS (UPDATE gateways SET lease_until = clock_timestamp() - interval '1 minute') DELETE FROM sessions`;

it('who has a chat open is not pushed to after its gateway was cut off for long', async () => {
  await using world = await startPushSystem({ settings: { GATEWAY_LEASE_SECONDS: '3' } });
  const { system, backend } = world;
  const { body: chat } = await backend.post('/v1/chat', { order_id: 'order', user_id: 'ann', shopper_id: 'sho' });
  await world.fcm('sho');
  const pushes = () => system.database.query('SELECT type FROM pushes');
  await using writer = await system.otsy(0, 'ann', { role: 'user' });
  await using reader = await system.otsy(1, 'sho', { role: 'shopper' });
  await join(reader, chat.id);
  await system.database.query(FORGET_GATEWAYS);
  await until('the reader has its seat again', async () => (await system.database.query('SELECT FROM chat_seats')).length === 1);
  expect(await say(writer, chat.id, 'seen')).toMatchObject({ ok: true });
  expect(await pushes()).toEqual([]);
  expect(await reader.ask('leave_chat', { chat_id: chat.id })).toEqual({ ok: true });
  expect(await say(writer, chat.id, 'not seen')).toMatchObject({ ok: true });
  expect(await pushes()).toEqual([{ type: 'chat_message' }]);
});
