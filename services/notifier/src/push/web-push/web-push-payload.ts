import type { PushContent } from '@trunkline/contract';
import { pushData } from '../push-data.ts';
import type { PushTo } from '../push-sender.ts';
import { noticeOf } from '../templates/templates.ts';

interface Action {
  action: string;
  title: string;
  icon: string;
}

/** What a service worker hands to `showNotification`. One with the same tag replaces the one that is shown. */
export interface WebNotification {
  title: string;
  body: string;
  icon: string;
  badge: string;
  tag: string;
  data: Readonly<Record<string, string>>;
  actions: readonly Action[];
  /** Stays until the person acts. */
  requireInteraction: boolean;
}

type Language = PushTo<'web_push'>['language'];
type Labels = Readonly<Record<Language, string>>;

const BADGE = '/icons/badge.png';

const LABELS = {
  accept: { en: 'Accept', ja: '応答', vi: 'Trả lời' },
  decline: { en: 'Decline', ja: '拒否', vi: 'Từ chối' },
  call_back: { en: 'Call Back', ja: 'かけ直す', vi: 'Gọi lại' },
  reply: { en: 'Reply', ja: '返信', vi: 'Trả lời' },
  view_order: { en: 'View Order', ja: '注文を見る', vi: 'Xem đơn hàng' },
} satisfies Record<string, Labels>;

type ActionName = keyof typeof LABELS;
type Button = readonly [ActionName, icon: string];

interface Look {
  icon: string;
  tag: string;
  buttons: readonly Button[];
}

const CALL_ICON = '/icons/call.png';
const VIEW_ORDER: Button = ['view_order', '/icons/view.png'];

const lookOf = (content: PushContent, pushId: string): Look => {
  switch (content.type) {
    case 'incoming_call':
      return {
        icon: CALL_ICON,
        tag: `call-${content.callId}`,
        buttons: [
          ['accept', '/icons/accept.png'],
          ['decline', '/icons/decline.png'],
        ],
      };
    case 'call_cancelled':
      return { icon: CALL_ICON, tag: `call-${content.callId}`, buttons: [] };
    case 'missed_call':
      return { icon: '/icons/missed-call.png', tag: `call-${content.callId}`, buttons: [['call_back', CALL_ICON]] };
    case 'chat_message':
      return {
        icon: '/icons/chat-notification.png',
        tag: content.chatId,
        buttons: [['reply', '/icons/reply.png'], ...(content.orderId === null ? [] : [['view_order', '/icons/order.png'] as const])],
      };
    case 'chat_read':
      return { icon: '/icons/chat-notification.png', tag: content.chatId, buttons: [] };
    case 'order_update':
      return { icon: '/icons/order-update.png', tag: content.orderId, buttons: [VIEW_ORDER] };
    case 'receipt_shared':
      return { icon: '/icons/receipt.png', tag: `receipt-${content.orderId}`, buttons: [VIEW_ORDER] };
    case 'promotional':
    case 'system_alert':
    case 'custom':
      return { icon: '/icons/notification.png', tag: pushId, buttons: [] };
  }
};

/** `expiresAt`: epoch milliseconds. */
export const webNotification = ({ id, content, language }: PushTo<'web_push'>, expiresAt: number): WebNotification => {
  const { icon, tag, buttons } = lookOf(content, id);
  return {
    ...noticeOf(content, language),
    icon,
    badge: BADGE,
    tag,
    data: pushData(content, expiresAt),
    actions: buttons.map(([action, image]) => ({ action, title: LABELS[action][language], icon: image })),
    requireInteraction: content.type === 'incoming_call',
  };
};
