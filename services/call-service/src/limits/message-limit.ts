import { type ChatCommandEnvelope, refusal } from '@trunkline/contract';
import type { ChatDecider } from '../chat/chat-decider.ts';
import type { ChatInput, WriteEnvelope } from '../chat/chat-world.ts';
import { READ_KEYS } from '../chat/load-chats.ts';
import { messageKey } from '../chat/message-key.ts';
import type { Database } from '../database/database.ts';
import type { RateLimit } from './rate-limit.ts';

export interface MessageLimits {
  database: Database;
  perSender: RateLimit;
}

const isSending = (envelope: ChatCommandEnvelope): envelope is WriteEnvelope => envelope.command.type === 'send_message';

/** The message that somebody sends for the first time, as far as an edge knows. */
const messageOf = (input: ChatInput): WriteEnvelope | null =>
  input.kind === 'command' && input.envelope.attempt === 1 && isSending(input.envelope) ? input.envelope : null;

/** Whether it says again what was stored before; not where that cannot be read now. */
const wasStored = async (database: Database, envelope: WriteEnvelope): Promise<boolean> => {
  const { senderId, key } = messageKey(envelope);
  const found = await database.query(READ_KEYS, [[envelope.command.chatId], [senderId], [key]]).catch(() => []);
  return found.length > 0;
};

/**
 * Lets a person send only so many messages, over sockets and REST together. What an edge repeats is counted once; what a client repeats
 * is counted, and answered all the same: its message is there.
 */
export const limitMessages = (
  decider: Pick<ChatDecider, 'decide'>,
  { database, perSender }: MessageLimits,
): Pick<ChatDecider, 'decide'> => ({
  decide: async (input) => {
    const message = messageOf(input);
    const retryAfterSeconds = message === null ? null : await perSender.take(message.actor.userId);
    if (message === null || retryAfterSeconds === null || (await wasStored(database, message))) return decider.decide(input);
    return { ok: false, error: { ...refusal('rate_limited'), retryAfterSeconds } };
  },
});
