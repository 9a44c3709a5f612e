import { type ChatEvent, type ChatId, type RequestId, type UserId, uuidv7 } from '@trunkline/contract';
import { READ_CLOCK } from '../database/clock.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { QueueAwayPushes } from '../notifications/away-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import { inSequence, NOTHING_PUBLISHED, type OutboxRow, putInOutbox, type Unpublished, usersStream } from '../outbox/outbox.ts';
import { type AuditRow, INSERT_AUDIT } from '../server-api/audit.ts';
import { refuse } from './chat-world.ts';
import { type EventAnswer, keepEventAnswer, takeEventKey } from './event-answers.ts';
import { isCustom, type UserEventBody } from './server-bodies.ts';

const READ_RECIPIENTS = {
  name: 'read_recipients_of_chat',
  text: `SELECT ARRAY(SELECT m.user_id FROM chat_members m WHERE m.chat_id = c.id AND m.left_at IS NULL ORDER BY m.place) AS users
    FROM chats c WHERE c.id = $1`,
};

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

/** What the app's backend asks to be told. */
export interface UserEventRequest {
  body: UserEventBody;
  /** Under which it is told once, however often it is asked for. */
  requestId: RequestId | null;
  /** The server key that it came with. */
  keyName: string;
}

interface Stored {
  answer: EventAnswer;
  unpublished: Unpublished;
  pushes: readonly QueuedPush[];
}

const nothingFor = (answer: EventAnswer): Stored => ({ answer, unpublished: { earlier: Promise.resolve([]), rows: [] }, pushes: [] });

const recipientsOf = async (
  transaction: Transaction,
  { userIds, chatId }: { userIds?: UserId[] | undefined; chatId?: ChatId | undefined },
) => {
  if (chatId === undefined) return [...new Set(userIds)];
  const [row] = await transaction.query<{ users: UserId[] }>(READ_RECIPIENTS, [chatId]);
  return row === undefined ? refuse('chat_not_found', 'There is no such chat', 'chat_id') : row.users;
};

const storeEvent = async (
  transaction: Transaction,
  { body, keyName }: UserEventRequest,
  queueAwayPushes: QueueAwayPushes,
): Promise<Stored> => {
  const recipients = await recipientsOf(transaction, body);
  if ('error' in recipients) return nothingFor(recipients);
  const id = uuidv7();
  const [clock] = await transaction.query<{ now: number }>(READ_CLOCK, []);
  const event: ChatEvent = { ...told(body), id, at: clock?.now as number, recipients };
  const audit: AuditRow = { keyName, action: body.type, chatId: body.chatId ?? null, userId: null, detail: { eventId: id } };
  transaction.send(INSERT_AUDIT, [JSON.stringify([audit])]);
  const decided = { type: event.type, at: performance.now() };
  const row = { stream: usersStream(id), seq: 1, recipients, event: JSON.stringify(event), decided };
  const unpublished = putInOutbox(transaction, [row], NOTHING_PUBLISHED);
  return { answer: { id, recipients: recipients.length }, unpublished, pushes: await queueAwayPushes(transaction, [event]) };
};

const storeOnce = async (transaction: Transaction, request: UserEventRequest, queueAwayPushes: QueueAwayPushes): Promise<Stored> => {
  const { body, requestId } = request;
  if (requestId === null) return storeEvent(transaction, request, queueAwayPushes);
  const first = await takeEventKey(transaction, requestId, body);
  if (first !== null) return nothingFor(first);
  const stored = await storeEvent(transaction, request, queueAwayPushes);
  keepEventAnswer(transaction, requestId, stored.answer);
  return stored;
};

/** Keeps an event for these users, or for the members of a chat, and publishes it. Resolves after COMMIT. */
export const tellUsers = async ({ database, tell, queueAwayPushes }: UserEventOptions, request: UserEventRequest): Promise<EventAnswer> => {
  const { answer, unpublished, pushes } = await database.transaction((transaction) => storeOnce(transaction, request, queueAwayPushes));
  if (unpublished.rows.length > 0) tell(await inSequence(unpublished), pushes);
  return answer;
};
