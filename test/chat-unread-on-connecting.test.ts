import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { contentsOf, join, openRoom, say, startChatSystem } from './chat-room.ts';

it('whoever connects is told what is unread, chat by chat, the newest first', async () => {
  await using system = await startChatSystem({ callServices: 2 });
  const first = await openRoom(system);
  const { userId } = first;
  const opened = await (await system.rest(userId)).post('/v1/chat', { order_id: 'another', user_id: userId, shopper_id: first.shopperId });
  const second: string = opened.body.id;
  await using shopper = await system.otsy(0, first.shopperId);
  await say(shopper, second, 'one');
  await say(shopper, first.chatId, 'one');
  await say(shopper, first.chatId, 'two');

  await using user = await system.otsy(1, userId);
  expect(await user.hears('unread_counts')).toEqual({
    chats: [
      { chat_id: first.chatId, unread_count: 2 },
      { chat_id: second, unread_count: 1 },
    ],
  });
  await join(user, second);
  const [message] = user.bodies('chat_history').at(-1).messages;
  expect(await user.ask('mark_messages_read', { chat_id: second, message_ids: [message.id] })).toMatchObject({ ok: true });
  await using again = await system.otsy(0, userId);
  expect(await again.hears('unread_counts')).toEqual({ chats: [{ chat_id: first.chatId, unread_count: 2 }] });
  // Who has read all is told nothing.
  expect(shopper.bodies('unread_counts')).toEqual([]);
});

it('what was said right before somebody connected is not told of again when the session is reported anew', async () => {
  await using system = await startChatSystem({ settings: { GATEWAY_LEASE_SECONDS: '3' } });
  const { chatId, userId, shopperId } = await openRoom(system);
  await using shopper = await system.otsy(0, shopperId);
  await say(shopper, chatId, 'before');
  await using user = await system.otsy(1, userId);
  await user.hears('unread_counts');
  await system.database.query(
    `WITH lapsed AS (UPDATE gateways SET lease_until = clock_timestamp() - interval '1 minute') DELETE FROM sessions`,
  );
  const sessions = () => system.database.query('SELECT FROM sessions WHERE user_id = $1', [userId]);
  await until('the session is there again', async () => (await sessions()).length === 1);
  await say(shopper, chatId, 'behind');
  await user.hears('new_message', ({ content }) => content === 'behind');
  expect(contentsOf(user.bodies('new_message'))).toEqual(['behind']);
});
