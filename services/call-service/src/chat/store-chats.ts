import type { Transaction } from '../database/database.ts';
import { chatStream, type KnownPublished, type OutboxRow, putInOutbox, type Unpublished } from '../outbox/outbox.ts';
import { INSERT_AUDIT } from '../server-api/audit.ts';
import type { ChatOutcome, MessageRecord } from './chat-world.ts';
import { searchVector } from './search-words.ts';
import { dropSeats } from './seats.ts';

const at = (key: string): string => `to_timestamp(r."${key}" / 1000)`;

export const UPDATE_CHATS = {
  name: 'update_chats',
  text: `UPDATE chats c SET status = r.status, last_seq = r."lastSeq", event_seq = r."eventSeq", last_message_at = ${at('lastMessageAt')},
      updated_at = ${at('updatedAt')}
    FROM jsonb_to_recordset($1::jsonb)
    AS r (id uuid, status text, "lastSeq" integer, "eventSeq" integer, "lastMessageAt" float8, "updatedAt" float8) WHERE c.id = r.id`,
};
const PUT_MEMBERS = {
  name: 'put_chat_members',
  text: `INSERT INTO chat_members (chat_id, user_id, role, place, unread_count, joined_seq, active_at, left_at)
    SELECT r."chatId", r."userId", r.role, r.place, r."unreadCount", r."joinedSeq", ${at('activeAt')}, ${at('leftAt')}
    FROM jsonb_to_recordset($1::jsonb) AS r ("chatId" uuid, "userId" text, role text, place smallint, "unreadCount" integer,
      "joinedSeq" integer, "activeAt" float8, "leftAt" float8) ORDER BY r."chatId", r."userId"
    ON CONFLICT (chat_id, user_id) DO UPDATE SET role = excluded.role, unread_count = excluded.unread_count,
      joined_seq = excluded.joined_seq, active_at = excluded.active_at, left_at = excluded.left_at`,
};
const INSERT_MESSAGES = {
  name: 'insert_messages',
  text: `INSERT INTO messages (id, chat_id, seq, created_at, sender_id, sender_role, sender_name, content, type, attachment_url,
      attachment_type, metadata, client_message_id, read_by, words)
    SELECT r.id, r."chatId", r.seq, ${at('createdAt')}, r."senderId", r."senderRole", r."senderName", r.content, r.type, r."attachmentUrl",
      r."attachmentType", r.metadata, r."clientMessageId", r."readBy", r.words::tsvector
    FROM jsonb_to_recordset($1::jsonb) AS r (id uuid, "chatId" uuid, seq integer, "createdAt" float8, "senderId" text, "senderRole" text,
      "senderName" text, content text, type text, "attachmentUrl" text, "attachmentType" text, metadata text, "clientMessageId" text,
      "readBy" integer, words text)`,
};
const MARKED = `jsonb_to_recordset($1::jsonb) AS r (id uuid, "chatId" uuid, seq integer, "createdAt" float8, "readBy" integer, "readAt" float8)`;
export const MARK_MESSAGES = {
  name: 'mark_messages',
  text: `WITH marked AS MATERIALIZED (SELECT *, ${at('createdAt')} AS at FROM ${MARKED})
    UPDATE messages m SET read_by = r."readBy", read_at = ${at('readAt')} FROM marked r
    WHERE m.chat_id = r."chatId" AND m.seq = r.seq AND m.created_at = r.at AND m.id = r.id`,
};
/** After the other one: what was archived meanwhile is there by then. */
export const MARK_ARCHIVED = {
  name: 'mark_archived_messages',
  text: `UPDATE messages_archive m SET read_by = r."readBy", read_at = ${at('readAt')} FROM ${MARKED}
    WHERE m.chat_id = r."chatId" AND m.seq = r.seq AND m.id = r.id`,
};
const KEEP_KEYS = {
  name: 'keep_message_keys',
  text: `INSERT INTO message_keys (chat_id, sender_id, key, body_hash, message_id)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[])`,
};
const FORGET_NOTES = { name: 'forget_call_notes', text: 'DELETE FROM chat_call_notes WHERE call_id = ANY ($1::text[])' };
const rowOf = ({ metadata, ...message }: MessageRecord) => ({
  ...message,
  metadata: metadata === null ? null : JSON.stringify(metadata),
  words: searchVector(message.chatId, message.content),
});

const outboxRows = ({ events, chats }: ChatOutcome): OutboxRow[] => {
  const known = new Set([...chats].map(({ id }) => id as string));
  const at = performance.now();
  return events.map((event) => {
    const [chatId = '', seq = ''] = event.id.split('.');
    if (!known.has(chatId)) throw new Error('an event of a chat that is not stored');
    const decided = { type: event.type, at };
    return { stream: chatStream(chatId), seq: Number(seq), recipients: event.recipients, event: JSON.stringify(event), decided };
  });
};

const sendAsJson = (transaction: Transaction, statement: { name: string; text: string }, rows: readonly unknown[]): void => {
  if (rows.length > 0) transaction.send(statement, [JSON.stringify(rows)]);
};

/** Sends all that a batch changed, set-based, without waiting: the commit travels right behind. */
export const storeChats = (transaction: Transaction, outcome: ChatOutcome, published: KnownPublished): Unpublished => {
  sendAsJson(transaction, UPDATE_CHATS, [...outcome.chats]);
  sendAsJson(transaction, PUT_MEMBERS, [...outcome.members]);
  dropSeats(
    transaction,
    outcome.events.filter((event) => event.type === 'member_removed'),
  );
  sendAsJson(transaction, INSERT_MESSAGES, outcome.sent.map(rowOf));
  if (outcome.marked.size > 0) {
    const marked = JSON.stringify(
      [...outcome.marked].map(({ id, chatId, seq, createdAt, readBy, readAt }) => ({ id, chatId, seq, createdAt, readBy, readAt })),
    );
    transaction.send(MARK_MESSAGES, [marked]);
    transaction.send(MARK_ARCHIVED, [marked]);
  }
  if (outcome.newKeys.length > 0) {
    transaction.send(KEEP_KEYS, [
      outcome.newKeys.map(({ chatId }) => chatId),
      outcome.newKeys.map(({ senderId }) => senderId),
      outcome.newKeys.map(({ key }) => key),
      outcome.newKeys.map(({ bodyHash }) => bodyHash),
      outcome.newKeys.map(({ message }) => message.id),
    ]);
  }
  if (outcome.toldCalls.length > 0) transaction.send(FORGET_NOTES, [outcome.toldCalls]);
  sendAsJson(transaction, INSERT_AUDIT, outcome.audit);
  return putInOutbox(transaction, outboxRows(outcome), published);
};
