import { type ClaimedPush, PushContent } from '@trunkline/contract';
import { expect, it } from 'vitest';
import type { PushTo } from '../push-sender.ts';
import { fcmMessage } from './fcm-message.ts';

const NOW = 1_800_000_000_000;
const call = { callId: 'CALL_1', callerId: 'USR_1', callerName: 'Alice' };
const chat = {
  type: 'chat_message',
  chatId: 'chat-1',
  messageId: 'm-1',
  senderId: 'u-1',
  senderName: 'Bob',
  messageType: 'text',
  orderId: 'order-1',
  text: null,
};

const pushOf = (content: object, address: object = {}, more: Partial<ClaimedPush> = {}): PushTo<'fcm'> =>
  ({
    id: 'id',
    attempt: 1,
    language: 'en',
    collapseKey: 'key-1',
    expiresInMs: 0,
    content: content as PushContent,
    address: { provider: 'fcm', platform: 'android', kind: 'token', token: 'token-1', ...address },
    ...more,
  }) as PushTo<'fcm'>;

const dataOf = (content: object) => fcmMessage(pushOf(content), 30_000, NOW).data;

it('a ring carries exactly what the app asks for', () => {
  const content = { type: 'incoming_call', ...call, callerAvatar: 'https://example.com/a.png', callType: 'AUDIO', channelId: 'ch-1' };
  expect(fcmMessage(pushOf(content), 30_000.7, NOW)).toEqual({
    token: 'token-1',
    data: {
      type: 'incoming_call',
      callId: 'CALL_1',
      callerId: 'USR_1',
      callerName: 'Alice',
      callerAvatar: 'https://example.com/a.png',
      callType: 'AUDIO',
      channelId: 'ch-1',
      expiresAt: '1800000030000',
    },
    android: { priority: 'high', ttl: 30_000, collapseKey: 'key-1' },
  });
});

it('a stop takes the place of its ring, and whatever else waits for a phone waits beside the others', () => {
  const keyOf = (content: object) => fcmMessage(pushOf(content), 30_000, NOW).android?.collapseKey;
  expect(keyOf({ type: 'call_cancelled', ...call, reason: 'cancelled' })).toBe('key-1');
  const others = [
    { type: 'missed_call', ...call, callType: 'VIDEO' },
    chat,
    { type: 'chat_read', chatId: 'chat-1' },
    { type: 'order_update', orderId: 'order-1', status: 'shopping' },
    { type: 'receipt_shared', orderId: 'order-1' },
    { type: 'promotional', name: null, title: 'Spring', body: null },
    { type: 'system_alert', name: null, title: 'Alert', body: null },
    { type: 'custom', name: null, title: 'Word', body: null },
  ];
  expect(others.map(keyOf)).toEqual(others.map(() => undefined));
});

it('a caller without a name has its id, as on sockets, and no picture', () => {
  const content = { type: 'incoming_call', ...call, callerName: null, callerAvatar: null, callType: 'AUDIO', channelId: 'ch-1' };
  expect(dataOf(content)).toMatchObject({ callerName: content.callerId, callerAvatar: '' });
});

it.each<[object, Record<string, string>]>([
  [
    { type: 'call_cancelled', ...call, reason: 'cancelled' },
    { type: 'call_cancelled', callId: 'CALL_1', callerId: 'USR_1', reason: 'cancelled' },
  ],
  [
    { type: 'missed_call', ...call, callType: 'VIDEO' },
    {
      type: 'missed_call',
      callId: 'CALL_1',
      callerId: 'USR_1',
      callerName: 'Alice',
      callType: 'VIDEO',
      title: 'Missed call from Alice',
      body: 'Video call',
    },
  ],
  [
    chat,
    {
      type: 'chat_message',
      chatId: 'chat-1',
      messageId: 'm-1',
      orderId: 'order-1',
      senderId: 'u-1',
      senderName: 'Bob',
      messageType: 'text',
      title: 'New message from Bob',
      body: 'Open the chat to read it',
    },
  ],
  [
    { type: 'chat_read', chatId: 'chat-1' },
    { type: 'chat_read', chatId: 'chat-1' },
  ],
  [
    { type: 'order_update', orderId: 'order-1', status: 'shopping' },
    {
      type: 'order_update',
      orderId: 'order-1',
      status: 'shopping',
      title: 'Order Update',
      body: 'Your order status has been updated to: Shopping',
    },
  ],
  [
    { type: 'receipt_shared', orderId: 'order-1' },
    { type: 'receipt_shared', orderId: 'order-1', title: 'Receipt', body: 'The receipt of your order has been shared with you' },
  ],
  [
    { type: 'promotional', name: 'spring', title: 'Spring', body: 'Everything must go', data: { link: '/spring', type: 'forged' } },
    { type: 'promotional', name: 'spring', link: '/spring', title: 'Spring', body: 'Everything must go' },
  ],
])('%j is told as data', (content, data) => {
  expect(dataOf(content)).toEqual(data);
});

it('about an order, the words and the data of the app’s backend arrive, but do not forge what kind of push it is', () => {
  const words = { name: 'n', title: 'MyTitle', body: 'MyBody', data: { extra: 'e', type: 'forged' } };
  const told = { name: 'n', title: 'MyTitle', body: 'MyBody', extra: 'e' };
  for (const order of [
    { type: 'order_update', orderId: 'order-1', status: 'shopping' },
    { type: 'receipt_shared', orderId: 'order-1' },
  ])
    expect(dataOf(PushContent.parse({ ...order, ...words }))).toEqual({ ...order, ...told });
});

it('an iPhone gets an alert that the next push about the call replaces', () => {
  const address = { platform: 'ios' };
  const ring = { type: 'incoming_call', ...call, callerAvatar: null, callType: 'AUDIO', channelId: 'ch-1' };
  const headers = { 'apns-priority': '10', 'apns-push-type': 'alert', 'apns-expiration': '1800000030', 'apns-collapse-id': 'CALL_1' };
  const { token, data, ...platforms } = fcmMessage(pushOf(ring, address, { language: 'vi' }), 30_000, NOW) as {
    token: string;
    data: object;
  };
  expect([token, data]).toEqual(['token-1', expect.objectContaining({ type: 'incoming_call', expiresAt: '1800000030000' })]);
  expect(platforms).toEqual({
    apns: { headers, payload: { aps: { alert: { title: 'Alice đang gọi', body: 'Cuộc gọi thoại đến' }, sound: 'default' } } },
  });
  const stop = { type: 'call_cancelled', ...call, reason: 'answered_elsewhere' };
  expect(fcmMessage(pushOf(stop, address), 30_000, NOW).apns).toEqual({
    headers,
    payload: { aps: { alert: { title: 'Call from Alice', body: 'Answered on another device' } } },
  });
});

it('an iPhone is only woken by what has nothing to show', () => {
  expect(fcmMessage(pushOf({ type: 'chat_read', chatId: 'c' }, { platform: 'ios' }), 30_000, NOW).apns).toEqual({
    headers: { 'apns-priority': '5', 'apns-push-type': 'background', 'apns-expiration': '1800000030', 'apns-collapse-id': 'key-1' },
    payload: { aps: { contentAvailable: true } },
  });
});

it('a collapse id is no longer than Apple takes', () => {
  const { apns } = fcmMessage(pushOf(chat, { platform: 'ios' }, { collapseKey: 'k'.repeat(65) }), 30_000, NOW);
  expect(apns?.headers?.['apns-collapse-id']).toMatch(/^[\w-]{43}$/);
});

it('a browser behind FCM gets how long and how urgent, and what it replaces', () => {
  const stop = { type: 'call_cancelled', ...call, reason: 'cancelled' };
  expect(fcmMessage(pushOf(stop, { platform: 'web' }), 30_999, NOW)).toMatchObject({
    webpush: { headers: { TTL: '30', Urgency: 'high', Topic: expect.stringMatching(/^[\w-]{32}$/) } },
  });
  const ring = fcmMessage(pushOf({ type: 'chat_read', chatId: 'c' }, { platform: 'web' }, { collapseKey: null }), 30_000, NOW);
  expect(ring.webpush?.headers).not.toHaveProperty('Topic');
});

it('an installation id is named as one', () => {
  const message = fcmMessage(pushOf({ type: 'chat_read', chatId: 'c' }, { kind: 'fid', token: 'fid-1' }), 30_000, NOW);
  expect(message).toMatchObject({ fid: 'fid-1' });
  expect(message).not.toHaveProperty('token');
});

it('nothing lives longer than four weeks, nor less than nothing', () => {
  const ttl = (leftMs: number) => fcmMessage(pushOf({ type: 'chat_read', chatId: 'c' }), leftMs, NOW).android?.ttl;
  expect([ttl(1e12), ttl(-5)]).toEqual([28 * 86_400_000, 0]);
});
