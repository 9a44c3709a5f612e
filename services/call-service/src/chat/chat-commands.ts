import type { ChatCommandEnvelope, ChatReply } from '@trunkline/contract';
import type { ChatDecider } from './chat-decider.ts';
import type { ChatReader } from './chat-reader.ts';
import { type ChatAnswer, refuse, type WriteEnvelope } from './chat-world.ts';
import type { ChatSeats } from './seats.ts';

/** How many of its messages somebody who joins a chat is told. */
const LAST_MESSAGES = 50;
/** Of very long ones there are fewer: no client is written more at once, and a gateway opens several chats by one request. */
const LAST_MESSAGES_BYTES = 512 * 1024;

/** Answers the chat commands that gateways pass on. */
export type AnswerChatCommand = (envelope: ChatCommandEnvelope) => Promise<ChatReply>;

const replyOf = (answer: ChatAnswer): ChatReply => {
  if (!answer.ok) return answer;
  const { result } = answer;
  if (result.type === 'message') return { ok: true, result };
  if (result.type !== 'read') return refuse('service_error', 'Something went wrong on our side');
  const { chatId, messageIds, readAt } = result;
  return { ok: true, result: { type: 'read', chatId, messageIds, readAt } };
};

type OpenEnvelope = ChatCommandEnvelope & { command: Extract<ChatCommandEnvelope['command'], { type: 'open_chat' }> };
type LeaveEnvelope = ChatCommandEnvelope & { command: Extract<ChatCommandEnvelope['command'], { type: 'leave_chat' }> };

export const createChatCommands = (decider: Pick<ChatDecider, 'decide'>, chats: ChatReader, seats: ChatSeats): AnswerChatCommand => {
  const open = async ({ actor, command: { chatId, takesSeat } }: OpenEnvelope): Promise<ChatReply> => {
    const seen = await chats.see(chatId, actor.userId);
    if (!seen.ok) return seen;
    // Before the messages are read: what is sent from now on is either among them or heard, and needs no push.
    if (takesSeat && actor.sessionId !== null) await seats.take(chatId, actor.sessionId);
    const { lastSeq } = seen.chat;
    const messages = await chats.newest(chatId, { after: lastSeq - LAST_MESSAGES, upTo: lastSeq }, LAST_MESSAGES_BYTES);
    return { ok: true, result: { type: 'chat', chatId, members: seen.members.map(({ userId }) => userId), messages: messages.reverse() } };
  };

  const leave = async ({ actor, command: { chatId } }: LeaveEnvelope): Promise<ChatReply> => {
    if (actor.sessionId !== null) await seats.leave(chatId, actor.sessionId);
    return { ok: true, result: { type: 'left', chatId } };
  };

  return async (envelope) => {
    switch (envelope.command.type) {
      case 'open_chat':
        return open(envelope as OpenEnvelope);
      case 'leave_chat':
        return leave(envelope as LeaveEnvelope);
      default:
        return replyOf(await decider.decide({ kind: 'command', envelope: envelope as WriteEnvelope }));
    }
  };
};
