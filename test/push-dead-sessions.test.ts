import { expect, it } from 'vitest';
import { join, say } from './chat-room.ts';
import { dataOf, startPushSystem } from './push-system.ts';

it('kill -9 of a gateway: what was said to who had a chat open there is pushed once its lease has lapsed', async () => {
  await using world = await startPushSystem({ asProcesses: ['socket-gateway'], settings: { GATEWAY_LEASE_SECONDS: '3' } });
  const { system, backend } = world;
  const { body: chat } = await backend.post('/v1/chat', { order_id: 'order', user_id: 'ann', shopper_id: 'sho' });
  const token = await world.fcm('sho');
  await using writer = await system.otsy(0, 'ann', { role: 'user' });
  await using reader = await system.otsy(1, 'sho', { role: 'shopper' });
  await join(reader, chat.id);
  await system.process('socket-gateway', 1).kill();
  const { message } = await say(writer, chat.id, 'into the void');
  expect(world.typesAt(token)).toEqual([]);
  expect(dataOf(await world.arrives(token, 'chat_message'))).toMatchObject({ chatId: chat.id, messageId: message?.id });
  expect(world.typesAt(token)).toEqual(['chat_message']);
});
