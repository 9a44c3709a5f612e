import type { UserId } from '@trunkline/contract';
import {
  type ChatAnswer,
  type ChatFailure,
  type ChatInput,
  type ChatRecord,
  type ChatWorld,
  type MemberRecord,
  refuse,
  type WriteEnvelope,
} from './chat-world.ts';
import { messageKey, saidHash } from './message-key.ts';
import { type Draft, messageOf, sayIn } from './say.ts';

export type SendEnvelope = WriteEnvelope & { command: Extract<WriteEnvelope['command'], { type: 'send_message' }> };

type Entry = { ok: true; chat: ChatRecord; member: MemberRecord } | ChatFailure;

/** Only a member may act in a chat; checked each time, since one may have been removed meanwhile. */
export const enter = (world: ChatWorld, chatId: string, userId: UserId): Entry => {
  const chat = world.chat(chatId);
  if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
  const member = world.member(chatId, userId);
  if (member === undefined) return refuse('unauthorized', 'User is not a member of this chat', 'chat_id');
  return { ok: true, chat, member };
};

/** Whether all others do not want to hear of this member: between two, one block is enough. */
const isUnwanted = (world: ChatWorld, chatId: string, userId: UserId): boolean => {
  const others = world.members(chatId).filter((member) => member.userId !== userId);
  return others.length > 0 && others.every((other) => world.hasBlocked(other.userId, userId));
};

/** What was sent under this key before, or the new message. */
const sayOnce = (world: ChatWorld, chat: ChatRecord, key: string, draft: Draft, refusedNow: ChatFailure | null): ChatAnswer => {
  const bodyHash = saidHash(draft.type, draft.said);
  const kept = world.keptKey(chat.id, draft.senderId, key);
  if (kept !== undefined && kept.bodyHash !== bodyHash)
    return refuse('conflict', 'This id came with another message before', 'client_message_id');
  if (kept !== undefined) return { ok: true, result: { type: 'message', message: messageOf(kept.message) } };
  if (refusedNow !== null) return refusedNow;
  const message = sayIn(world, chat, draft);
  world.keepKey({ chatId: chat.id, senderId: draft.senderId, key, bodyHash, message });
  return { ok: true, result: { type: 'message', message: messageOf(message) } };
};

const refusalFor = (world: ChatWorld, chat: ChatRecord, userId: UserId): ChatFailure | null => {
  if (chat.status !== 'active') return refuse('invalid_status', 'The chat is archived', 'chat_id');
  return isUnwanted(world, chat.id, userId) ? refuse('unauthorized', 'Your messages are not accepted in this chat', 'chat_id') : null;
};

/** Decides a member's message. */
export const send = (world: ChatWorld, envelope: SendEnvelope): ChatAnswer => {
  const { actor, command } = envelope;
  const entry = enter(world, command.chatId, actor.userId);
  if (!entry.ok) return entry;
  const draft: Draft = {
    senderId: actor.userId,
    senderRole: entry.member.role,
    senderName: actor.name,
    senderSessionId: actor.sessionId,
    type: command.messageType,
    said: command,
  };
  return sayOnce(world, entry.chat, messageKey(envelope), draft, refusalFor(world, entry.chat, actor.userId));
};

/** The app's backend says something; also in a chat that is archived. */
export const speak = (world: ChatWorld, input: Extract<ChatInput, { kind: 'speak' }>): ChatAnswer => {
  const { chatId, sender, said, messageType, keyName } = input;
  const chat = world.chat(chatId);
  if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
  if (world.everMembers(chatId).some(({ userId }) => userId === sender.id))
    return refuse('parse_error', 'is a member of this chat, who speaks for themselves', 'sender_id');
  world.audit.push({ keyName, action: 'speak', chatId, userId: null, detail: { senderId: sender.id } });
  const draft: Draft = {
    senderId: sender.id,
    senderRole: sender.role,
    senderName: sender.name,
    senderSessionId: null,
    type: messageType,
    said,
  };
  if (said.clientMessageId !== undefined) return sayOnce(world, chat, `client:${said.clientMessageId}`, draft, null);
  return { ok: true, result: { type: 'message', message: messageOf(sayIn(world, chat, draft)) } };
};
