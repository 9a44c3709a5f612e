import { expect, it } from 'vitest';
import { join, openRoom, say, startChatSystem } from './chat-room.ts';

it('whoever connects is told what is unread, chat by chat, the newest first', async () => {
  await using system = await startChatSystem({ callServices: 2 });
  const first = await openRoom(system);
  const { userId } = first;
  const opened = await (await system.rest(userId)).post('/v1/chat', { order_id: 'another', user_id: userId, shopper_id: first.shopperId });
  const second: string = opened.body.id;
  await using shopper = await system.otsy(0, first.shopperId);
  expect(shopper.bodies('connected')).toMatchObject([{ unread: [] }]);
  await say(shopper, second, 'one');
  await say(shopper, first.chatId, 'one');
  await say(shopper, first.chatId, 'two');

  await using user = await system.otsy(1, userId);
  expect(user.bodies('connected')).toMatchObject([
    {
      userId,
      unread: [
        { chat_id: first.chatId, unread_count: 2 },
        { chat_id: second, unread_count: 1 },
      ],
    },
  ]);
  await join(user, second);
  const [message] = user.bodies('chat_history').at(-1).messages;
  expect(await user.ask('mark_messages_read', { chat_id: second, message_ids: [message.id] })).toMatchObject({ ok: true });
  await using again = await system.otsy(0, userId);
  expect(again.bodies('connected')).toMatchObject([{ unread: [{ chat_id: first.chatId, unread_count: 2 }] }]);
});
