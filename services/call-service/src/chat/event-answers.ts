import { createHash } from 'node:crypto';
import type { RequestId } from '@trunkline/contract';
import type { Transaction } from '../database/database.ts';
import { type ChatFailure, refuse } from './chat-world.ts';
import type { UserEventBody } from './server-bodies.ts';

/** Waits for whoever has the key in hand. */
const TAKE_KEY = {
  name: 'take_event_key',
  text: 'INSERT INTO answers (key, body_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key',
};
const READ_ANSWER = { name: 'read_event_answer', text: 'SELECT body_hash AS "bodyHash", reply FROM answers WHERE key = $1' };
const KEEP_ANSWER = { name: 'keep_event_answer', text: 'UPDATE answers SET reply = $2::jsonb WHERE key = $1' };

/** What the app's backend is told of an event. */
export type EventAnswer = { id: string; recipients: number } | ChatFailure;

/** A list of two, which no key of a call's command is. */
const keyOf = (requestId: RequestId): string => JSON.stringify(['server_event', requestId]);

const hashOf = (body: UserEventBody): string => createHash('sha256').update(JSON.stringify(body)).digest('base64url');

/** What this request was answered first; null where it is new, and then the key is its own until the transaction ends. */
export const takeEventKey = async (transaction: Transaction, requestId: RequestId, body: UserEventBody): Promise<EventAnswer | null> => {
  const [key, bodyHash] = [keyOf(requestId), hashOf(body)];
  const taken = await transaction.query(TAKE_KEY, [key, bodyHash]);
  if (taken.length > 0) return null;
  const [first] = await transaction.query<{ bodyHash: string; reply: EventAnswer }>(READ_ANSWER, [key]);
  if (first === undefined || first.bodyHash === bodyHash) return first?.reply ?? null;
  return refuse('conflict', 'This key came with another event before', 'request_id');
};

export const keepEventAnswer = (transaction: Transaction, requestId: RequestId, answer: EventAnswer): void =>
  transaction.send(KEEP_ANSWER, [keyOf(requestId), JSON.stringify(answer)]);
