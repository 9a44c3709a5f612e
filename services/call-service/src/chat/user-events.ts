import { type ChatEvent, type ChatId, type UserId, uuidv7 } from '@trunkline/contract';
import type { Database } from '../database/database.ts';
import type { QueueAwayPushes } from '../notifications/away-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { inSequence, NOTHING_PUBLISHED, type OutboxRow, putInOutbox, usersStream } from '../outbox/outbox.ts';
import { type AuditRow, INSERT_AUDIT } from '../server-api/audit.ts';
import { type ChatFailure, refuse } from './chat-world.ts';
import { isCustom, type UserEventBody } from './server-bodies.ts';

const READ_RECIPIENTS = {
  name: 'read_recipients_of_chat',
  text: `SELECT ARRAY(SELECT m.user_id FROM chat_members m WHERE m.chat_id = c.id AND m.left_at IS NULL ORDER BY m.place) AS users
    FROM chats c WHERE c.id = $1`,
};
const READ_CLOCK = { name: 'read_clock', text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now' };

type WithoutStamp<Event> = Event extends unknown ? Omit<Event, 'id' | 'at' | 'recipients'> : never;

const told = (body: UserEventBody): WithoutStamp<Extract<ChatEvent, { type: 'order_updated' | 'receipt_shared' | 'custom' }>> => {
  if (isCustom(body)) return { type: 'custom', name: body.type, data: body.data };
  return body.type === 'order_update' ? { ...body.data, type: 'order_updated' } : { ...body.data, type: 'receipt_shared' };
};

export interface UserEventOptions {
  database: Database;
  /** Called after the commit. MUST NOT block. */
  tell(rows: OutboxRow[], pushes: readonly QueuedPush[]): void;
  queueAwayPushes: QueueAwayPushes;
}

/** Keeps an event for these users, or for the members of a chat, and publishes it. Resolves after COMMIT. */
export const tellUsers = async (
  { database, tell, queueAwayPushes }: UserEventOptions,
  body: UserEventBody,
  keyName: string,
): Promise<{ id: string; recipients: number } | ChatFailure> => {
  const recipients = await recipientsOf(database, body);
  if ('error' in recipients) return recipients;
  const id = uuidv7();
  const { unpublished, pushes } = await database.transaction(async (transaction) => {
    const [clock] = await transaction.query<{ now: number }>(READ_CLOCK, []);
    const event: ChatEvent = { ...told(body), id, at: clock?.now as number, recipients };
    const audit: AuditRow = { keyName, action: body.type, chatId: body.chatId ?? null, userId: null, detail: { eventId: id } };
    transaction.send(INSERT_AUDIT, [JSON.stringify([audit])]);
    const decided = { type: event.type, at: performance.now() };
    const row = { stream: usersStream(id), seq: 1, recipients, event: JSON.stringify(event), decided };
    const stored = putInOutbox(transaction, [row], NOTHING_PUBLISHED);
    return { unpublished: stored, pushes: await queueAwayPushes(transaction, [event]) };
  });
  tell(await inSequence(unpublished), pushes);
  return { id, recipients: recipients.length };
};

const recipientsOf = async (database: Database, { userIds, chatId }: { userIds?: UserId[] | undefined; chatId?: ChatId | undefined }) => {
  if (chatId === undefined) return [...new Set(userIds)];
  const [row] = await database.query<{ users: UserId[] }>(READ_RECIPIENTS, [chatId]);
  return row === undefined ? refuse('chat_not_found', 'There is no such chat', 'chat_id') : row.users;
};
