import type { Call, ChatId } from '@trunkline/contract';
import { CALL_COLUMNS } from '../calls/call-columns.ts';
import { type CallRecord, callOf } from '../calls/call-record.ts';
import { READ_CLOCK } from '../database/clock.ts';
import type { Transaction } from '../database/database.ts';
import { CHAT_COLUMNS, MARK_COLUMNS, MEMBER_COLUMNS, MESSAGE_COLUMNS } from './chat-columns.ts';
import type { ChatInput, ChatLoaded, ChatRecord, KeptKey, MarkRecord, MemberRecord, MessageKey } from './chat-world.ts';
import { placeOf } from './message-id.ts';
import { messageKey, speechKey } from './message-key.ts';
import { type MessageRow, messageFromRow } from './message-rows.ts';

/** `$1` ids, `$2`–`$4` user, shopper and order, `$5` who asks: nobody makes a chat with somebody who has blocked them. */
const MAKE_CHATS = {
  name: 'make_chats',
  text: `INSERT INTO chats (id, user_id, shopper_id, order_id, created_at, updated_at)
    SELECT id, user_id, shopper_id, order_id, date_trunc('milliseconds', clock_timestamp()), date_trunc('milliseconds', clock_timestamp())
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS made (id, user_id, shopper_id, order_id, asked_by)
    WHERE NOT EXISTS (SELECT FROM blocks b WHERE b.blocked_id = made.asked_by
      AND b.owner_id = CASE made.asked_by WHEN made.user_id THEN made.shopper_id ELSE made.user_id END)
    ORDER BY user_id, shopper_id, order_id ON CONFLICT DO NOTHING RETURNING id`,
};
/** `$1` ids, `$2`–`$4` user, shopper and order of chats that are known by them. Locked in the order of ids. */
export const LOCK_CHATS = {
  name: 'lock_chats',
  text: `SELECT ${CHAT_COLUMNS} FROM chats c WHERE c.id = ANY (ARRAY(
      SELECT unnest($1::uuid[])
      UNION SELECT known.id FROM unnest($2::text[], $3::text[], $4::text[]) AS k (user_id, shopper_id, order_id)
        JOIN chats known ON known.user_id = k.user_id AND known.shopper_id = k.shopper_id AND known.order_id = k.order_id
    )) ORDER BY c.id FOR UPDATE OF c`,
};
export const READ_MEMBERS = {
  name: 'read_chat_members',
  text: `SELECT ${MEMBER_COLUMNS} FROM chat_members m WHERE m.chat_id = ANY (ARRAY(
      SELECT unnest($1::uuid[])
      UNION SELECT known.id FROM unnest($2::text[], $3::text[], $4::text[]) AS k (user_id, shopper_id, order_id)
        JOIN chats known ON known.user_id = k.user_id AND known.shopper_id = k.shopper_id AND known.order_id = k.order_id
    )) ORDER BY m.chat_id, m.place`,
};
/** `$1`–`$3`: chat, sender and key. */
export const READ_KEYS = {
  name: 'read_message_keys',
  text: `SELECT k.chat_id AS "chatId", k.sender_id AS "senderId", k.key, k.body_hash AS "bodyHash", k.message_id AS "messageId"
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS asked (chat_id, sender_id, key)
    JOIN message_keys k ON k.chat_id = asked.chat_id AND k.sender_id = asked.sender_id AND k.key = asked.key`,
};
/** `$1`–`$4`: chat, number, time and id of messages; the id is compared, since anybody can make one up. */
const byPlace = (name: string, columns: string) => ({
  name,
  text: `WITH asked AS MATERIALIZED (SELECT chat_id, seq, to_timestamp(at / 1000) AS at, id
      FROM unnest($1::uuid[], $2::integer[], $3::float8[], $4::uuid[]) AS a (chat_id, seq, at, id))
    SELECT ${columns} FROM asked a JOIN messages m ON m.chat_id = a.chat_id AND m.seq = a.seq AND m.created_at = a.at AND m.id = a.id
    UNION ALL
    SELECT ${columns} FROM asked a JOIN messages_archive m ON m.chat_id = a.chat_id AND m.seq = a.seq AND m.id = a.id`,
});
export const READ_MESSAGES = byPlace('read_messages_by_place', MESSAGE_COLUMNS);
/** Without what the messages say: five hundred at once may be marked. */
export const READ_MARKS = byPlace('read_marks_by_place', MARK_COLUMNS);
/** `$1`, `$2`: chats and those who write in them. */
const READ_BLOCKS = {
  name: 'read_blocks_in_chats',
  text: `SELECT b.owner_id AS owner, b.blocked_id AS blocked FROM unnest($1::uuid[], $2::text[]) AS w (chat_id, sender_id)
    JOIN chat_members m ON m.chat_id = w.chat_id AND m.user_id <> w.sender_id AND m.left_at IS NULL
    JOIN blocks b ON b.owner_id = m.user_id AND b.blocked_id = w.sender_id`,
};
const READ_NOTED_CALLS = {
  name: 'read_noted_calls',
  text: `SELECT n.chat_id AS "chatId", ${CALL_COLUMNS} FROM chat_call_notes n JOIN calls c ON c.id = n.call_id WHERE n.call_id = ANY ($1::text[])`,
};

type Create = Extract<ChatInput, { kind: 'create' }>;

interface Needs {
  chatIds: Set<string>;
  creates: Create[];
  /** Chat, sender and key. */
  keys: [string, string, string][];
  /** Chat and message. */
  messages: [string, string][];
  writers: [string, string][];
  callIds: string[];
}

const addKey = (needs: Needs, chatId: ChatId, named: MessageKey | null): void => {
  if (named !== null) needs.keys.push([chatId, named.senderId, named.key]);
};

const addCommandNeeds = (needs: Needs, { envelope }: Extract<ChatInput, { kind: 'command' }>): void => {
  const { command, actor } = envelope;
  if (command.type === 'mark_read') {
    for (const messageId of new Set(command.messageIds)) needs.messages.push([command.chatId, messageId]);
    return;
  }
  addKey(needs, command.chatId, messageKey(envelope));
  needs.writers.push([command.chatId, actor.userId]);
};

const needsOf = (inputs: readonly ChatInput[]): Needs => {
  const needs: Needs = { chatIds: new Set(), creates: [], keys: [], messages: [], writers: [], callIds: [] };
  for (const input of inputs) {
    if (input.kind === 'create') needs.creates.push(input);
    else needs.chatIds.add(input.kind === 'command' ? input.envelope.command.chatId : input.chatId);
    if (input.kind === 'command') addCommandNeeds(needs, input);
    if (input.kind === 'speak') addKey(needs, input.chatId, speechKey(input));
    if (input.kind === 'tell_call') needs.callIds.push(input.callId);
  }
  return needs;
};

const column = <Row extends readonly unknown[], Index extends keyof Row>(rows: readonly Row[], index: Index): Row[Index][] =>
  rows.map((row) => row[index]);

/** The values of `byPlace`, of pairs of chat and message. */
const placesOf = (pairs: readonly [string, string][]) => {
  const places = pairs.map(([, id]) => placeOf(id));
  return [column(pairs, 0), places.map(({ seq }) => seq), places.map(({ at }) => at), column(pairs, 1)];
};

/** Two that mark the same message in one batch must see one record. */
const readMarks = async (transaction: Transaction, pairs: readonly [string, string][]): Promise<MarkRecord[]> => {
  if (pairs.length === 0) return [];
  const marks = await transaction.query<MarkRecord>(READ_MARKS, placesOf(pairs));
  return [...new Map(marks.map((mark) => [mark.id, mark])).values()];
};

type KeyRow = Omit<KeptKey, 'message'> & { messageId: string };

/** Keys that were used before, each with its message; a repetition is rare enough for a second round trip. */
const readKeys = async (transaction: Transaction, keys: Needs['keys']): Promise<KeptKey[]> => {
  if (keys.length === 0) return [];
  const rows = await transaction.query<KeyRow>(READ_KEYS, [column(keys, 0), column(keys, 1), column(keys, 2)]);
  if (rows.length === 0) return [];
  const pairs = rows.map(({ chatId, messageId }): [string, string] => [chatId, messageId]);
  const found = await transaction.query<MessageRow>(READ_MESSAGES, placesOf(pairs));
  const messages = new Map(found.map((row) => [row.id as string, messageFromRow(row)]));
  return rows.flatMap(({ messageId, ...kept }) => {
    const message = messages.get(messageId);
    return message === undefined ? [] : [{ ...kept, message }];
  });
};

const makeChats = (transaction: Transaction, creates: readonly Create[]): Promise<{ id: string }[]> => {
  if (creates.length === 0) return Promise.resolve([]);
  const keys = creates.map(({ key }) => key);
  return transaction.query(MAKE_CHATS, [
    creates.map(({ mintedId }) => mintedId),
    keys.map(({ userId }) => userId),
    keys.map(({ shopperId }) => shopperId),
    keys.map(({ orderId }) => orderId),
    creates.map(({ by }) => by?.userId ?? null),
  ]);
};

/**
 * Makes the chats that are asked for, locks all that the batch is about in the order of ids, and reads the rest under
 * those locks. All statements travel in one round trip.
 */
export const loadAndLockChats = async (transaction: Transaction, inputs: readonly ChatInput[]): Promise<ChatLoaded> => {
  const needs = needsOf(inputs);
  const keys = needs.creates.map(({ key }) => key);
  const which = [
    [...needs.chatIds],
    keys.map(({ userId }) => userId),
    keys.map(({ shopperId }) => shopperId),
    keys.map(({ orderId }) => orderId),
  ];
  const made = makeChats(transaction, needs.creates);
  const chats = transaction.query<ChatRecord>(LOCK_CHATS, which);
  // After the locks, as everything that follows.
  const clock = transaction.query<{ now: number }>(READ_CLOCK, []);
  const members = transaction.query<MemberRecord>(READ_MEMBERS, which);
  const kept = readKeys(transaction, needs.keys);
  const marks = readMarks(transaction, needs.messages);
  const blocks =
    needs.writers.length === 0
      ? []
      : transaction.query<{ owner: string; blocked: string }>(READ_BLOCKS, [column(needs.writers, 0), column(needs.writers, 1)]);
  const calls = needs.callIds.length === 0 ? [] : transaction.query<CallRecord & { chatId: string }>(READ_NOTED_CALLS, [needs.callIds]);
  const [madeRows, chatRows, clockRows, memberRows, keptRows, markRows, blockRows, callRows] = await Promise.all([
    made,
    chats,
    clock,
    members,
    kept,
    marks,
    blocks,
    calls,
  ]);
  return {
    now: clockRows[0]?.now as number,
    chats: chatRows,
    madeNow: new Set(madeRows.map(({ id }) => id)),
    members: memberRows,
    keys: keptRows,
    messages: markRows,
    blocks: blockRows,
    calls: callRows.map(({ chatId, ...call }): { chatId: string; call: Call } => ({ chatId, call: callOf(call as CallRecord) })),
  };
};
