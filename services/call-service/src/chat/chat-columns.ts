const time = (column: string): string => `round(extract(epoch FROM ${column}) * 1000)::float8`;

/** The columns of `chats c` as the keys of a `ChatRecord`; times as epoch milliseconds. */
export const CHAT_COLUMNS = `c.id, c.order_id AS "orderId", c.user_id AS "userId", c.shopper_id AS "shopperId", c.status,
  c.last_seq AS "lastSeq", c.event_seq AS "eventSeq", ${time('c.last_message_at')} AS "lastMessageAt",
  ${time('c.created_at')} AS "createdAt", ${time('c.updated_at')} AS "updatedAt"`;

/** The columns of `chat_members m` as the keys of a `MemberRecord`. */
export const MEMBER_COLUMNS = `m.chat_id AS "chatId", m.user_id AS "userId", m.role, m.place, m.unread_count AS "unreadCount",
  m.joined_seq AS "joinedSeq", ${time('m.active_at')} AS "activeAt", ${time('m.left_at')} AS "leftAt"`;

/** The columns of `messages m` as the keys of a `MessageRecord`; `metadata` becomes JSON where it is read. */
export const MESSAGE_COLUMNS = `m.id, m.chat_id AS "chatId", m.seq, m.sender_id AS "senderId", m.sender_role AS "senderRole",
  m.sender_name AS "senderName", m.content, m.type, m.attachment_url AS "attachmentUrl", m.attachment_type AS "attachmentType",
  m.metadata, m.client_message_id AS "clientMessageId", ${time('m.created_at')} AS "createdAt", ${time('m.read_at')} AS "readAt",
  m.read_by AS "readBy"`;

/** The columns of `messages m` as the keys of a `MarkRecord`. */
export const MARK_COLUMNS = `m.id, m.chat_id AS "chatId", m.seq, m.sender_id AS "senderId", ${time('m.created_at')} AS "createdAt",
  ${time('m.read_at')} AS "readAt", m.read_by AS "readBy"`;
