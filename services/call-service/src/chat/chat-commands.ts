import type { ChatCommandEnvelope, ChatReply } from '@trunkline/contract';
import type { ChatDecider } from './chat-decider.ts';
import type { ChatReader } from './chat-reader.ts';
import { type ChatAnswer, refuse, type WriteEnvelope } from './chat-world.ts';

/** How many of its messages somebody who joins a chat is told. */
const LAST_MESSAGES = 50;

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

const isWrite = (envelope: ChatCommandEnvelope): envelope is WriteEnvelope => envelope.command.type !== 'open_chat';

export const createChatCommands = (decider: Pick<ChatDecider, 'decide'>, chats: ChatReader): AnswerChatCommand => {
  const open = async ({ actor, command: { chatId } }: ChatCommandEnvelope): Promise<ChatReply> => {
    const seen = await chats.see(chatId, actor.userId);
    if (!seen.ok) return seen;
    const { lastSeq } = seen.chat;
    const messages = await chats.messages(chatId, { after: lastSeq - LAST_MESSAGES, upTo: lastSeq });
    return { ok: true, result: { type: 'chat', chatId, members: seen.members.map(({ userId }) => userId), messages: messages.reverse() } };
  };

  return async (envelope) => (isWrite(envelope) ? replyOf(await decider.decide({ kind: 'command', envelope })) : open(envelope));
};
