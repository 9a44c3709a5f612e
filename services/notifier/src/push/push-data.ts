import type { PushContent } from '@trunkline/contract';
import { shortName } from './templates/templates.ts';

interface Given {
  name?: string | null | undefined;
  data?: Readonly<Record<string, string>> | undefined;
}

/** What the app's backend gave for the app itself. */
const given = ({ name, data }: Given): Record<string, string> => ({ ...data, ...(name == null ? {} : { name }) });

/**
 * What an app is told beside the words: what kind of push, about which call, chat or order. `expiresAt`, epoch milliseconds, is when
 * nobody wants it any more.
 */
export const pushData = (content: PushContent, expiresAt: number): Record<string, string> => {
  switch (content.type) {
    case 'incoming_call':
      return {
        type: content.type,
        callId: content.callId,
        callerId: content.callerId,
        callerName: shortName(content.callerName) || content.callerId,
        callerAvatar: content.callerAvatar ?? '',
        callType: content.callType,
        channelId: content.channelId,
        expiresAt: String(Math.round(expiresAt)),
      };
    case 'call_cancelled':
      return { type: content.type, callId: content.callId, callerId: content.callerId, reason: content.reason };
    case 'missed_call':
      return {
        type: content.type,
        callId: content.callId,
        callerId: content.callerId,
        callerName: shortName(content.callerName) || content.callerId,
        callType: content.callType,
      };
    case 'chat_message':
      return {
        type: content.type,
        chatId: content.chatId,
        messageId: content.messageId,
        ...(content.orderId === null ? {} : { orderId: content.orderId }),
      };
    case 'chat_read':
      return { type: content.type, chatId: content.chatId };
    case 'order_update':
      return { ...given(content), type: content.type, orderId: content.orderId, status: content.status };
    case 'receipt_shared':
      return { ...given(content), type: content.type, orderId: content.orderId };
    case 'promotional':
    case 'system_alert':
    case 'custom':
      return { ...given(content), type: content.type };
  }
};
