import type { PushContent, PushLanguage, PushType } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { noticeOf, TEMPLATES } from './templates.ts';

const call = { callId: 'call-1', callerId: 'u1', callerName: 'Aiko' };
const own = { name: null, title: null, body: null, data: {} };
const message = { chatId: 'chat-1', messageId: 'm1', senderId: 'u1', senderName: '田中さん', messageType: 'text', orderId: null };

type Case = [content: object, en: [string, string], ja: [string, string], vi: [string, string]];

const CASES: readonly Case[] = [
  [
    { type: 'incoming_call', ...call, callerAvatar: null, callType: 'AUDIO', channelId: 'c' },
    ['Aiko is calling', 'Incoming audio call'],
    ['Aikoから着信', '音声通話の着信です'],
    ['Aiko đang gọi', 'Cuộc gọi thoại đến'],
  ],
  [
    { type: 'incoming_call', ...call, callerName: null, callerAvatar: null, callType: 'VIDEO', channelId: 'c' },
    ['Someone is calling', 'Incoming video call'],
    ['不明な相手から着信', 'ビデオ通話の着信です'],
    ['Ai đó đang gọi', 'Cuộc gọi video đến'],
  ],
  [
    { type: 'call_cancelled', ...call, reason: 'caller_lost' },
    ['Call from Aiko', 'The call is over'],
    ['Aikoからの着信', '着信は終了しました'],
    ['Cuộc gọi từ Aiko', 'Cuộc gọi đã kết thúc'],
  ],
  [
    { type: 'call_cancelled', ...call, reason: 'answered_elsewhere' },
    ['Call from Aiko', 'Answered on another device'],
    ['Aikoからの着信', '別の端末で応答しました'],
    ['Cuộc gọi từ Aiko', 'Đã trả lời trên thiết bị khác'],
  ],
  [
    { type: 'call_cancelled', ...call, reason: 'declined_elsewhere' },
    ['Call from Aiko', 'Declined on another device'],
    ['Aikoからの着信', '別の端末で拒否しました'],
    ['Cuộc gọi từ Aiko', 'Đã từ chối trên thiết bị khác'],
  ],
  [
    { type: 'call_cancelled', ...call, callerName: null, reason: 'no_response' },
    ['Call from someone', 'You did not answer'],
    ['不明な相手からの着信', '応答しませんでした'],
    ['Cuộc gọi từ ai đó', 'Bạn đã không trả lời'],
  ],
  [
    { type: 'missed_call', ...call, callType: 'AUDIO' },
    ['Missed call from Aiko', 'Audio call'],
    ['Aikoからの不在着信', '音声通話'],
    ['Cuộc gọi nhỡ từ Aiko', 'Cuộc gọi thoại'],
  ],
  [
    { type: 'missed_call', ...call, callerName: null, callType: 'VIDEO' },
    ['Missed call from someone', 'Video call'],
    ['不明な相手からの不在着信', 'ビデオ通話'],
    ['Cuộc gọi nhỡ từ ai đó', 'Cuộc gọi video'],
  ],
  [
    { type: 'chat_message', ...message, text: '商品について質問があります' },
    ['New message from 田中さん', '商品について質問があります'],
    ['田中さんからの新着メッセージ', '商品について質問があります'],
    ['Tin nhắn mới từ 田中さん', '商品について質問があります'],
  ],
  [
    { type: 'chat_message', ...message, senderName: null, text: null },
    ['New message from someone', 'Open the chat to read it'],
    ['不明な相手からの新着メッセージ', 'チャットを開いて確認してください'],
    ['Tin nhắn mới từ ai đó', 'Mở cuộc trò chuyện để xem'],
  ],
  [
    { type: 'chat_message', ...message, senderId: 'system', senderName: null, text: null },
    ['New message', 'Open the chat to read it'],
    ['新着メッセージ', 'チャットを開いて確認してください'],
    ['Tin nhắn mới', 'Mở cuộc trò chuyện để xem'],
  ],
  [
    { type: 'chat_message', ...message, senderId: 'system', senderName: 'Support', text: null },
    ['New message from Support', 'Open the chat to read it'],
    ['Supportからの新着メッセージ', 'チャットを開いて確認してください'],
    ['Tin nhắn mới từ Support', 'Mở cuộc trò chuyện để xem'],
  ],
  [
    { type: 'chat_read', chatId: 'chat-1' },
    ['Messages read', 'Read on another device'],
    ['既読', '別の端末で読みました'],
    ['Đã đọc tin nhắn', 'Đã đọc trên thiết bị khác'],
  ],
  [
    { type: 'order_update', orderId: 'order-1', status: 'shopping' },
    ['Order Update', 'Your order status has been updated to: Shopping'],
    ['注文の更新', 'ご注文の状況が更新されました: Shopping'],
    ['Cập nhật đơn hàng', 'Trạng thái đơn hàng của bạn: Shopping'],
  ],
  [
    { type: 'order_update', orderId: 'order-1', status: 'out_for_delivery' },
    ['Order Update', 'Your order status has been updated to: Out for delivery'],
    ['注文の更新', 'ご注文の状況が更新されました: Out for delivery'],
    ['Cập nhật đơn hàng', 'Trạng thái đơn hàng của bạn: Out for delivery'],
  ],
  [
    { type: 'order_update', orderId: 'order-1', status: ' ' },
    ['Order Update', 'Your order has been updated'],
    ['注文の更新', 'ご注文が更新されました'],
    ['Cập nhật đơn hàng', 'Đơn hàng của bạn đã được cập nhật'],
  ],
  [
    { type: 'receipt_shared', orderId: 'order-1' },
    ['Receipt', 'The receipt of your order has been shared with you'],
    ['領収書', 'ご注文の領収書が共有されました'],
    ['Hóa đơn', 'Hóa đơn của đơn hàng đã được chia sẻ với bạn'],
  ],
  [
    { type: 'promotional', ...own },
    ['An offer for you', 'Open the app to see it'],
    ['お得なお知らせ', 'アプリを開いてご確認ください'],
    ['Ưu đãi dành cho bạn', 'Mở ứng dụng để xem'],
  ],
  [
    { type: 'system_alert', ...own },
    ['Important notice', 'Open the app to see it'],
    ['重要なお知らせ', 'アプリを開いてご確認ください'],
    ['Thông báo quan trọng', 'Mở ứng dụng để xem'],
  ],
  [
    { type: 'custom', ...own },
    ['New notification', 'Open the app to see it'],
    ['新しいお知らせ', 'アプリを開いてご確認ください'],
    ['Thông báo mới', 'Mở ứng dụng để xem'],
  ],
  [
    { type: 'order_update', orderId: 'order-1', status: 'shopping', ...own, title: 'MyTitle' },
    ['MyTitle', 'Your order status has been updated to: Shopping'],
    ['MyTitle', 'ご注文の状況が更新されました: Shopping'],
    ['MyTitle', 'Trạng thái đơn hàng của bạn: Shopping'],
  ],
  [
    { type: 'receipt_shared', orderId: 'order-1', ...own, title: 'MyTitle', body: 'MyBody' },
    ['MyTitle', 'MyBody'],
    ['MyTitle', 'MyBody'],
    ['MyTitle', 'MyBody'],
  ],
  [
    { type: 'custom', ...own, title: 'Closed on Monday', body: 'We are back on Tuesday' },
    ['Closed on Monday', 'We are back on Tuesday'],
    ['Closed on Monday', 'We are back on Tuesday'],
    ['Closed on Monday', 'We are back on Tuesday'],
  ],
];

const notice = (content: object, language: PushLanguage) => noticeOf(content as PushContent, language);

it.each(CASES)('%j in every language', (content, ...expected) => {
  const read = (['en', 'ja', 'vi'] as const).map((language) => notice(content, language));
  expect(read.map(({ title, body }) => [title, body])).toEqual(expected);
});

it('no type is left out here', () => {
  const tested = new Set(CASES.map(([content]) => (content as { type: PushType }).type));
  expect([...tested].sort()).toEqual(Object.keys(TEMPLATES).sort());
});

it('long names and texts are cut', () => {
  const long = { type: 'chat_message', ...message, senderName: 'x'.repeat(200), text: 'y'.repeat(5000) };
  expect(notice(long, 'en')).toEqual({ title: `New message from ${'x'.repeat(63)}…`, body: `${'y'.repeat(399)}…` });
  const promotion = { type: 'promotional', ...own, title: 'a'.repeat(200), body: 'b'.repeat(5000) };
  expect(notice(promotion, 'vi')).toEqual({ title: `${'a'.repeat(99)}…`, body: `${'b'.repeat(399)}…` });
});

it('a name of blanks is no name', () => {
  expect(notice({ type: 'missed_call', ...call, callerName: ' \n\u202e ', callType: 'AUDIO' }, 'en').title).toBe(
    'Missed call from someone',
  );
});
