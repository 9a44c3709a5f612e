import type { UserId } from '@trunkline/contract';
import {
  type ChatAnswer,
  type ChatFailure,
  type ChatInput,
  type ChatRecord,
  type ChatWorld,
  type MemberRecord,
  type MessageKey,
  type MessageRecord,
  refuse,
  type WriteEnvelope,
} from './chat-world.ts';
import { fieldOfKey, messageKey, saidHash, speechKey } from './message-key.ts';
import { type Draft, messageOf, sayIn } from './say.ts';

export type SendEnvelope = WriteEnvelope & { command: Extract<WriteEnvelope['command'], { type: 'send_message' }> };

type Speak = Extract<ChatInput, { kind: 'speak' }>;

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

const done = (message: MessageRecord): ChatAnswer => ({ ok: true, result: { type: 'message', message: messageOf(message) } });

type Named = MessageKey & { bodyHash: string };

/** What was sent under this name before: that message, or that it was another one. Null where the name is new. */
const earlier = (world: ChatWorld, chat: ChatRecord, named: Named): ChatAnswer | null => {
  const kept = world.keptKey(chat.id, named);
  if (kept === undefined) return null;
  return kept.bodyHash === named.bodyHash
    ? done(kept.message)
    : refuse('conflict', 'This id came with another message before', fieldOfKey(named));
};

const sayAs = (world: ChatWorld, chat: ChatRecord, named: Named, draft: Draft): ChatAnswer => {
  const message = sayIn(world, chat, draft);
  world.keepKey({ ...named, chatId: chat.id, message });
  return done(message);
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
  const { chat } = entry;
  const named = { ...messageKey(envelope), bodyHash: saidHash(draft.type, draft.said) };
  return earlier(world, chat, named) ?? refusalFor(world, chat, actor.userId) ?? sayAs(world, chat, named, draft);
};

/** A name of the message's own is its sender's; under a request's, another sender would have made it another message. */
const namedSpeech = (input: Speak): Named | null => {
  const { said, messageType, sender } = input;
  const key = speechKey(input);
  if (key === null) return null;
  return { ...key, bodyHash: said.clientMessageId === undefined ? saidHash(messageType, said, sender) : saidHash(messageType, said) };
};

/** The app's backend says something; also in a chat that is archived. */
export const speak = (world: ChatWorld, input: Speak): ChatAnswer => {
  const { chatId, sender, said, messageType, keyName } = input;
  const chat = world.chat(chatId);
  if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
  if (world.everMembers(chatId).some(({ userId }) => userId === sender.id))
    return refuse('parse_error', 'is a member of this chat, who speaks for themselves', 'sender_id');
  const draft: Draft = {
    senderId: sender.id,
    senderRole: sender.role,
    senderName: sender.name,
    senderSessionId: null,
    type: messageType,
    said,
  };
  const named = namedSpeech(input);
  const first = named === null ? null : earlier(world, chat, named);
  if (first !== null) return first;
  world.audit.push({ keyName, action: 'speak', chatId, userId: null, detail: { senderId: sender.id } });
  return named === null ? done(sayIn(world, chat, draft)) : sayAs(world, chat, named, draft);
};
