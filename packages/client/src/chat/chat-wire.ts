// Otsy's chat as its specification spells it: Socket.IO on `/chat`, REST under `/v1/chat`.

export type ChatMessageType = 'text' | 'image' | 'audio' | 'file' | 'system';

export interface ChatMessage {
  readonly id: string;
  readonly chat_id: string;
  readonly sender_id: string;
  readonly sender_role: string | null;
  readonly content: string;
  readonly type: ChatMessageType;
  readonly attachment_url: string | null;
  readonly attachment_type: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly client_message_id: string | null;
  readonly created_at: string;
  readonly read_at: string | null;
}

/** A chat in the list of one's chats. */
export interface Chat {
  readonly id: string;
  readonly order_id: string;
  readonly user_id: string;
  readonly shopper_id: string;
  readonly status: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_message: Pick<ChatMessage, 'id' | 'content' | 'type' | 'sender_role' | 'created_at'> | null;
  readonly unread_count: number;
}

export interface MessageBody {
  readonly content: string;
  readonly type: Exclude<ChatMessageType, 'system'>;
  readonly attachment_url?: string;
  readonly attachment_type?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Makes a message that is sent again the same one. */
  readonly client_message_id: string;
}

/** What a client says on `/chat`. */
export interface ChatClientWords {
  join_chat: { readonly chat_id: string };
  leave_chat: { readonly chat_id: string };
  send_message: { readonly chatId: string; readonly message: MessageBody };
  typing_indicator: { readonly chat_id: string; readonly action: 'start' | 'stop' };
  mark_messages_read: { readonly chatId: string; readonly messageIds: readonly string[] };
}

/** What a server says on `/chat`. */
export interface ChatServerWords {
  connected: { readonly userId: string; readonly role: string; readonly timestamp: string };
  unread_counts: { readonly chats: readonly { readonly chat_id: string; readonly unread_count: number }[] };
  chat_history: { readonly chat_id: string; readonly messages: readonly ChatMessage[] };
  user_joined: { readonly chatId: string; readonly userId: string };
  user_left: { readonly chatId: string; readonly userId: string };
  new_message: ChatMessage;
  typing_indicator: { readonly chatId: string; readonly userId: string; readonly action: 'start' | 'stop' };
  messages_read: { readonly chatId: string; readonly messageIds: readonly string[]; readonly readBy: string; readonly readAt: string };
  order_update: { readonly orderId: string; readonly update: unknown };
  receipt_shared: { readonly orderId: string; readonly receiptUrl: string };
  user_online: { readonly userId: string };
  user_offline: { readonly userId: string };
  error: { readonly code: string; readonly message: string };
}
