import { ChatEvent, ChatMessage, UserId } from '@trunkline/contract';

export const CHAT = '018f9e60-0000-7000-8000-00000000000c';
export const OTHER_CHAT = '018f9e60-0000-7000-8000-00000000000d';
export const MESSAGE = '018f9e60-0000-7000-8000-000000000001';
export const SENT_AT = Date.UTC(2024, 0, 1, 12);
export const USER = UserId.parse('ana');
export const SHOPPER = UserId.parse('ben');

export const aMessage = (changes: object = {}): ChatMessage =>
  ChatMessage.parse({
    id: MESSAGE,
    chatId: CHAT,
    seq: 1,
    senderId: USER,
    senderRole: 'user',
    senderName: 'Ana',
    content: 'Hello!',
    type: 'text',
    attachmentUrl: null,
    attachmentType: null,
    metadata: null,
    clientMessageId: null,
    createdAt: SENT_AT,
    readAt: null,
    ...changes,
  });

export const aChatEvent = (changes: object): ChatEvent =>
  ChatEvent.parse({ id: `event-${JSON.stringify(changes).length}`, at: SENT_AT, recipients: [USER, SHOPPER], ...changes });

/** The n-th message of the chat, as it is heard. */
export const sent = (seq: number, chatId = CHAT): ChatEvent => {
  const id = `018f9e60-0000-7000-8000-${String(seq).padStart(12, '0')}`;
  return aChatEvent({ id: `${chatId}.${seq}`, type: 'message_sent', message: aMessage({ id, seq, chatId }), senderSessionId: null });
};
