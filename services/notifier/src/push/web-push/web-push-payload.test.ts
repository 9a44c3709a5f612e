import type { PushContent } from '@trunkline/contract';
import { expect, it } from 'vitest';
import type { PushTo } from '../push-sender.ts';
import { webNotification } from './web-push-payload.ts';

const notificationOf = (content: object, language = 'en') =>
  webNotification({ id: 'push-1', content: content as PushContent, language } as PushTo<'web_push'>, 1_800_000_000_000);

const call = { callId: 'CALL_1', callerId: 'USR_1', callerName: 'Alice' };
const chat = {
  type: 'chat_message',
  chatId: 'chat-123',
  messageId: 'msg-456',
  senderId: 'u-1',
  senderName: '田中さん',
  messageType: 'text',
  text: '商品について質問があります',
};

it('a new message is the template of the specification', () => {
  expect(notificationOf({ ...chat, orderId: 'order-789' })).toEqual({
    title: 'New message from 田中さん',
    body: '商品について質問があります',
    icon: '/icons/chat-notification.png',
    badge: '/icons/badge.png',
    tag: 'chat-123',
    data: { type: 'chat_message', chatId: 'chat-123', messageId: 'msg-456', orderId: 'order-789' },
    actions: [
      { action: 'reply', title: 'Reply', icon: '/icons/reply.png' },
      { action: 'view_order', title: 'View Order', icon: '/icons/order.png' },
    ],
    requireInteraction: false,
  });
});

it('a message of a chat without an order has no button that leads to one', () => {
  const { data, actions } = notificationOf({ ...chat, orderId: null }, 'ja');
  expect(data).toEqual({ type: 'chat_message', chatId: 'chat-123', messageId: 'msg-456' });
  expect(actions).toEqual([{ action: 'reply', title: '返信', icon: '/icons/reply.png' }]);
});

it('an order update is the template of the specification', () => {
  expect(notificationOf({ type: 'order_update', orderId: 'order-789', status: 'shopping' })).toEqual({
    title: 'Order Update',
    body: 'Your order status has been updated to: Shopping',
    icon: '/icons/order-update.png',
    badge: '/icons/badge.png',
    tag: 'order-789',
    data: { type: 'order_update', orderId: 'order-789', status: 'shopping' },
    actions: [{ action: 'view_order', title: 'View Order', icon: '/icons/view.png' }],
    requireInteraction: false,
  });
});

it('a ring stays until it is answered', () => {
  expect(notificationOf({ type: 'incoming_call', ...call, callerAvatar: null, callType: 'VIDEO', channelId: 'ch-1' }, 'vi')).toEqual({
    title: 'Alice đang gọi',
    body: 'Cuộc gọi video đến',
    icon: '/icons/call.png',
    badge: '/icons/badge.png',
    tag: 'call-CALL_1',
    data: {
      type: 'incoming_call',
      callId: 'CALL_1',
      callerId: 'USR_1',
      callerName: 'Alice',
      callerAvatar: '',
      callType: 'VIDEO',
      channelId: 'ch-1',
      expiresAt: '1800000000000',
    },
    actions: [
      { action: 'accept', title: 'Trả lời', icon: '/icons/accept.png' },
      { action: 'decline', title: 'Từ chối', icon: '/icons/decline.png' },
    ],
    requireInteraction: true,
  });
});

it('what comes after a ring takes its place', () => {
  const stop = notificationOf({ type: 'call_cancelled', ...call, reason: 'cancelled' });
  const missed = notificationOf({ type: 'missed_call', ...call, callType: 'AUDIO' }, 'ja');
  expect(stop).toEqual({
    title: 'Call from Alice',
    body: 'The call is over',
    icon: '/icons/call.png',
    badge: '/icons/badge.png',
    tag: 'call-CALL_1',
    data: { type: 'call_cancelled', callId: 'CALL_1', callerId: 'USR_1', reason: 'cancelled' },
    actions: [],
    requireInteraction: false,
  });
  expect(missed).toMatchObject({
    tag: 'call-CALL_1',
    data: { type: 'missed_call', callId: 'CALL_1', callerId: 'USR_1', callerName: 'Alice', callType: 'AUDIO' },
    actions: [{ action: 'call_back', title: 'かけ直す', icon: '/icons/call.png' }],
  });
});

it.each([
  [{ type: 'chat_read', chatId: 'chat-123' }, 'chat-123', '/icons/chat-notification.png'],
  [{ type: 'receipt_shared', orderId: 'order-789' }, 'receipt-order-789', '/icons/receipt.png'],
  [{ type: 'promotional', name: null, title: null, body: null, data: {} }, 'push-1', '/icons/notification.png'],
  [{ type: 'system_alert', name: null, title: null, body: null, data: {} }, 'push-1', '/icons/notification.png'],
  [{ type: 'custom', name: null, title: null, body: null, data: {} }, 'push-1', '/icons/notification.png'],
])('%j has the tag %s and the icon %s', (content, tag, icon) => {
  expect(notificationOf(content)).toMatchObject({ tag, icon });
});
