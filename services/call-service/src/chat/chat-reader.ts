import type { ChatId, ChatMessage, MessageId, UserId } from '@trunkline/contract';
import type { Database } from '../database/database.ts';
import { CHAT_COLUMNS, MEMBER_COLUMNS, MESSAGE_COLUMNS } from './chat-columns.ts';
import { type ChatFailure, type ChatRecord, type MemberRecord, refuse } from './chat-world.ts';
import { placeOf } from './message-id.ts';
import { type MessageRow, messageFromRow } from './message-rows.ts';
import { messageOf } from './say.ts';

const READ_CHAT = { name: 'read_chat', text: `SELECT ${CHAT_COLUMNS} FROM chats c WHERE c.id = $1` };
const READ_CHAT_MEMBERS = {
  name: 'read_members_of_chat',
  text: `SELECT ${MEMBER_COLUMNS} FROM chat_members m WHERE m.chat_id = $1 AND m.left_at IS NULL ORDER BY m.place`,
};

const RANGE = `SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.chat_id = $1 AND m.seq > $2 AND m.seq <= $3
      UNION ALL SELECT ${MESSAGE_COLUMNS} FROM messages_archive m WHERE m.chat_id = $1 AND m.seq > $2 AND m.seq <= $3`;

/** `$1` chat, `$2` and `$3`: behind which number, and up to which. Numbers have no gaps, so every page costs the same. */
export const READ_RANGE = { name: 'read_message_range', text: `SELECT * FROM (${RANGE}) AS page ORDER BY seq DESC` };

/** What a message has in JSON beside its long texts, about. */
const SHORT_TEXTS_BYTES = 512;
const BYTES = `octet_length(to_json(content)::text) + coalesce(octet_length(metadata), 0)
        + coalesce(octet_length(to_json("attachmentUrl")::text), 0) + ${SHORT_TEXTS_BYTES}`;
/** The same, but the newest of them that together have at most `$4` bytes in JSON, about; one in any case. */
export const READ_NEWEST = {
  name: 'read_newest_messages',
  text: `SELECT * FROM (
      SELECT *, sum(bytes) OVER (ORDER BY seq DESC) AS "bytesSoFar" FROM (SELECT *, ${BYTES} AS bytes FROM (${RANGE}) AS page) AS sized
    ) AS summed WHERE "bytesSoFar" <= $4::integer OR "bytesSoFar" = bytes ORDER BY seq DESC`,
};

const HAS_MESSAGE = {
  name: 'has_message',
  text: `SELECT FROM messages WHERE chat_id = $1 AND seq = $2 AND created_at = to_timestamp($3::float8 / 1000) AND id = $4
    UNION ALL SELECT FROM messages_archive WHERE chat_id = $1 AND seq = $2 AND id = $4`,
};

/** A chat as one of its members may see it. */
export interface SeenChat {
  ok: true;
  chat: ChatRecord;
  members: MemberRecord[];
  viewer: MemberRecord;
}

/** Which messages: numbers from `after` (not itself) up to `upTo`. */
export interface MessageRange {
  after: number;
  upTo: number;
}

/** Reads chats for their members. */
export interface ChatReader {
  see(chatId: ChatId, userId: UserId): Promise<SeenChat | ChatFailure>;
  /** Newest first. */
  messages(chatId: ChatId, range: MessageRange): Promise<ChatMessage[]>;
  /** The newest of them that fit into so many bytes of JSON, one in any case. What does not fit does not leave the database. */
  newest(chatId: ChatId, range: MessageRange, bytes: number): Promise<ChatMessage[]>;
  /** The number of a message in this chat; null where there is no such message in it. */
  seqOf(chatId: ChatId, messageId: MessageId): Promise<number | null>;
}

type SummedRow = MessageRow & { bytes: unknown; bytesSoFar: unknown };

const boundsOf = ({ after, upTo }: MessageRange): [number, number] => [Math.max(0, after), Math.max(0, upTo)];

const messageIn = (row: MessageRow): ChatMessage => messageOf(messageFromRow(row));

export const createChatReader = (database: Database): ChatReader => ({
  see: async (chatId, userId) => {
    const [[chat], members] = await Promise.all([
      database.query<ChatRecord>(READ_CHAT, [chatId]),
      database.query<MemberRecord>(READ_CHAT_MEMBERS, [chatId]),
    ]);
    if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
    const viewer = members.find((member) => member.userId === userId);
    if (viewer === undefined) return refuse('unauthorized', 'User is not a member of this chat', 'chat_id');
    return { ok: true, chat, members, viewer };
  },
  messages: async (chatId, range) => (await database.query<MessageRow>(READ_RANGE, [chatId, ...boundsOf(range)])).map(messageIn),
  newest: async (chatId, range, bytes) => {
    const rows = await database.query<SummedRow>(READ_NEWEST, [chatId, ...boundsOf(range), bytes]);
    return rows.map(({ bytes: _, bytesSoFar: __, ...row }) => messageIn(row));
  },
  seqOf: async (chatId, messageId) => {
    const { at, seq } = placeOf(messageId);
    const found = await database.query(HAS_MESSAGE, [chatId, seq, at, messageId]);
    return found.length === 0 ? null : seq;
  },
});
