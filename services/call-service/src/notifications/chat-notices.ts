import { type ChatEvent, type ChatId, type MessageId, type PushContent, SYSTEM } from '@trunkline/contract';
import type { Reading } from '../chat/chat-world.ts';
import type { PushOrder } from './push-order.ts';

/** What is worth a push of a chat's event. */
export interface ChatNotice {
  /** Null: the event is about no chat. */
  chatId: ChatId | null;
  userIds: readonly string[];
  content: PushContent;
  collapseKey: string | null;
  livesMs: number;
  except?: NonNullable<PushOrder['except']>;
  /** Null: for who has no session in the chat. Else for whom the last push of the chat was of one of these messages: it is what is shown. */
  ifShown: readonly MessageId[] | null;
}

const DAY_MS = 86_400_000;

type EventOf<Type extends ChatEvent['type']> = Extract<ChatEvent, { type: Type }>;

const chatKey = (chatId: ChatId): string => `chat-${chatId}`;

/** A call that chats are told of has had its own pushes. */
const aboutMessage = ({ message, recipients }: EventOf<'message_sent'>): ChatNotice[] => {
  if (message.type === 'system' && message.senderId === SYSTEM && message.metadata !== null) return [];
  const { id, chatId, senderId, senderName, type, content: text } = message;
  const content: PushContent = {
    type: 'chat_message',
    chatId,
    messageId: id,
    senderId,
    senderName,
    messageType: type,
    orderId: null,
    text,
  };
  const userIds = recipients.filter((userId) => userId !== senderId);
  return [{ chatId, userIds, content, collapseKey: chatKey(chatId), livesMs: DAY_MS, ifShown: null }];
};

/** Takes back what the reader's other devices show. */
export const readingNotice = ({ chatId, messageIds, readBy, deviceId }: Reading): ChatNotice => ({
  chatId,
  userIds: [readBy],
  content: { type: 'chat_read', chatId },
  collapseKey: chatKey(chatId),
  livesMs: DAY_MS,
  except: { deviceId, onlyTarget: false },
  ifShown: messageIds,
});

const textIn = (data: object, field: string): string | null => {
  const value: unknown = (data as Readonly<Record<string, unknown>>)[field];
  return typeof value === 'string' ? value : null;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What an app's own event says in a push, where all is text. */
const customTexts = (data: object): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, textOf(value)]));

/** How an order stands: the update itself where it is a text, else its `status`; empty where there is neither. */
const statusIn = (update: unknown): string => {
  if (typeof update === 'string') return update;
  return typeof update === 'object' && update !== null ? (textIn(update, 'status') ?? '') : '';
};

export const orderContent = ({ orderId, update }: Pick<EventOf<'order_updated'>, 'orderId' | 'update'>) =>
  ({ type: 'order_update', orderId, status: statusIn(update) }) as const;

export const customContent = ({ name, data }: Pick<EventOf<'custom'>, 'name' | 'data'>) =>
  ({ type: 'custom', name, title: textIn(data, 'title'), body: textIn(data, 'body'), data: customTexts(data) }) as const;

const aboutApp = (event: EventOf<'order_updated' | 'receipt_shared' | 'custom'>): ChatNotice[] => {
  const common = { chatId: null, userIds: event.recipients, livesMs: DAY_MS, ifShown: null } as const;
  switch (event.type) {
    case 'order_updated':
      return [{ ...common, content: orderContent(event), collapseKey: `order-${event.orderId}` }];
    case 'receipt_shared':
      return [{ ...common, content: { type: 'receipt_shared', orderId: event.orderId }, collapseKey: null }];
    case 'custom':
      return [{ ...common, content: customContent(event), collapseKey: null }];
  }
};

/** What an event of chats is worth to who cannot see it now. A reading has a notice of its own, which knows the device. */
export const chatNotices = (event: ChatEvent): ChatNotice[] => {
  switch (event.type) {
    case 'message_sent':
      return aboutMessage(event);
    case 'order_updated':
    case 'receipt_shared':
    case 'custom':
      return aboutApp(event);
    case 'messages_read':
    case 'partner_online':
    case 'partner_offline':
    case 'member_removed':
      return [];
  }
};
