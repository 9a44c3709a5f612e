import { ErrorCode, MAX_READ_TOGETHER, MessageView, RequestId, SendMessage } from '@trunkline/contract';
import { z } from 'zod';
import { Closing, IsoTime } from './call-answers.ts';
import type { SocketLanguage } from './socket-language.ts';

const { content, attachmentUrl, attachmentType, metadata, clientMessageId, messageType } = SendMessage.shape;
const Said = z.object({
  content: content.optional(),
  type: messageType.optional(),
  attachment_url: attachmentUrl,
  attachment_type: attachmentType,
  metadata,
  client_message_id: clientMessageId,
});

const requestId = RequestId.optional();
const chat_id = z.uuid();
const aboutChat = z.object({ chat_id, requestId });

const chatId = z.uuid();
const userId = z.string();
const timestamp = IsoTime;
const UnreadView = z.strictObject({ chat_id, unread_count: z.int().positive() });
const came = z.strictObject({ chatId, userId, timestamp });
const presence = z.strictObject({ userId, timestamp });

const ChatError = z.strictObject({ code: ErrorCode, message: z.string(), field: z.string().optional() }).meta({ id: 'ChatError' });

export const OTSY_SOCKET: SocketLanguage = {
  title: 'Otsy: Socket.IO on /chat',
  description:
    'Socket.IO 4 on the namespace `/chat`. Fields are also taken in camelCase, and those of a message beside `chat_id`. Every event may ask for an ack.',
  address: '/chat',
  transport: 'socket.io',
  says: {
    join_chat: aboutChat,
    leave_chat: aboutChat,
    send_message: z.object({ chat_id, message: Said, requestId }),
    typing_indicator: z.object({ chat_id, action: z.enum(['start', 'stop']), requestId }),
    mark_messages_read: z.object({ chat_id, message_ids: z.array(z.uuid()).min(1).max(MAX_READ_TOGETHER), requestId }),
    'auth:refresh': z.object({ token: z.string(), requestId }),
  },
  tells: {
    connected: z.strictObject({ userId, role: z.string(), timestamp }),
    unread_counts: z.strictObject({ chats: z.array(UnreadView) }),
    chat_history: z.strictObject({ chat_id, messages: z.array(MessageView) }),
    new_message: MessageView,
    messages_read: z.strictObject({ chatId, messageIds: z.array(z.uuid()), readBy: userId, readAt: IsoTime }),
    user_joined: came,
    user_left: came,
    typing_indicator: z.strictObject({ chatId, userId, action: z.enum(['start', 'stop']) }),
    user_online: presence,
    user_offline: presence,
    order_update: z.strictObject({ orderId: z.string(), update: z.json() }),
    receipt_shared: z.strictObject({ orderId: z.string(), receiptUrl: z.string() }),
    'custom:{name}': z.record(z.string(), z.unknown()).describe("What the app's backend gave"),
    error: ChatError,
    'connection:closing': Closing,
  },
  acknowledges: z
    .union([
      z.strictObject({ ok: z.literal(true), message: MessageView }),
      z.strictObject({ ok: z.literal(true), message_ids: z.array(z.uuid()), read_at: IsoTime }),
      z.strictObject({ ok: z.literal(true) }),
      z.strictObject({ ok: z.literal(false), error: ChatError }),
    ])
    .meta({ id: 'ChatAcknowledgement' }),
};
