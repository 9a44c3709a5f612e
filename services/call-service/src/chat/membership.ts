import { SYSTEM, type UserId } from '@trunkline/contract';
import {
  type ChatAnswer,
  type ChatInput,
  type ChatRecord,
  type ChatWorld,
  type MemberRecord,
  type MemberRole,
  refuse,
} from './chat-world.ts';
import { messageOf, sayIn } from './say.ts';
import { enter } from './send.ts';

/** As many as `read_by` has bits for, of all who ever were members. */
const MAX_MEMBERS = 31;

const join = (world: ChatWorld, chat: ChatRecord, userId: UserId, role: MemberRole): MemberRecord => {
  const member: MemberRecord = {
    chatId: chat.id,
    userId,
    role,
    place: world.everMembers(chat.id).length,
    unreadCount: 0,
    joinedSeq: chat.lastSeq,
    activeAt: world.now,
    leftAt: null,
  };
  world.addMember(member);
  world.changedMembers.add(member);
  return member;
};

type Create = Extract<ChatInput, { kind: 'create' }>;

const greet = (world: ChatWorld, chat: ChatRecord, { by, initialMessage }: Create): ReturnType<typeof messageOf> | null => {
  if (initialMessage === null) return null;
  const role = by === null ? null : world.member(chat.id, by.userId)?.role;
  const record = sayIn(world, chat, {
    senderId: by?.userId ?? SYSTEM,
    senderRole: role ?? SYSTEM,
    senderName: by?.name ?? null,
    senderSessionId: null,
    type: by === null ? 'system' : 'text',
    said: { content: initialMessage },
  });
  return messageOf(record);
};

/** Decides what a request for a chat gets: the one that there is, or the one that this batch has made. */
export const createChat = (world: ChatWorld, input: Create): ChatAnswer => {
  const { key, by, keyName } = input;
  const chat = world.chatBetween(key);
  // The other one has blocked whoever asks: no row was made.
  if (chat === undefined) return refuse('unauthorized', 'You may not open a chat with this user');
  const isNew = world.claimNew(chat.id);
  if (isNew) {
    join(world, chat, key.userId, 'user');
    join(world, chat, key.shopperId, 'shopper');
    world.changedChats.add(chat);
  }
  const member = by === null ? null : world.member(chat.id, by.userId);
  if (member === undefined) return refuse('unauthorized', 'User is not a member of this chat');
  if (keyName !== null && isNew) world.audit.push({ keyName, action: 'create_chat', chatId: chat.id, userId: null, detail: null });
  const lastMessage = isNew ? greet(world, chat, input) : null;
  return { ok: true, result: { type: 'chat', chat, isNew, unreadCount: member?.unreadCount ?? 0, lastMessage } };
};

/** Nobody writes in an archived chat any more, but all of its members can read it. */
export const archiveChat = (world: ChatWorld, { chatId, by }: Extract<ChatInput, { kind: 'archive' }>): ChatAnswer => {
  const chat = world.chat(chatId);
  const entry = by === null ? null : enter(world, chatId, by);
  if (entry !== null && !entry.ok) return entry;
  if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
  if (chat.status === 'active') {
    chat.status = 'archived';
    chat.updatedAt = world.now;
    world.changedChats.add(chat);
  }
  return { ok: true, result: { type: 'chat', chat, isNew: false, unreadCount: entry?.member.unreadCount ?? 0, lastMessage: null } };
};

/** Adds a member, lets a former one in again, or gives another role. Without a role, a member keeps its own, and others get `user`. */
export const putMember = (world: ChatWorld, input: Extract<ChatInput, { kind: 'put_member' }>): ChatAnswer => {
  const { chatId, userId, keyName } = input;
  const chat = world.chat(chatId);
  if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
  const role = input.role ?? world.member(chatId, userId)?.role ?? 'user';
  const former = world.everMembers(chatId).find((member) => member.userId === userId);
  if (former === undefined && world.everMembers(chatId).length >= MAX_MEMBERS)
    return refuse('invalid_status', `A chat has at most ${MAX_MEMBERS} members`, 'user_id');
  world.audit.push({ keyName, action: 'put_member', chatId, userId, detail: { role } });
  const member = former ?? join(world, chat, userId, role);
  if (member.leftAt !== null) Object.assign(member, { leftAt: null, unreadCount: 0, joinedSeq: chat.lastSeq, activeAt: world.now });
  member.role = role;
  world.changedMembers.add(member);
  return { ok: true, result: { type: 'member', member } };
};

/** Whoever is removed neither hears nor reads nor writes from now on. Removing who is no member changes nothing. */
export const removeMember = (world: ChatWorld, input: Extract<ChatInput, { kind: 'remove_member' }>): ChatAnswer => {
  const { chatId, userId, keyName } = input;
  const chat = world.chat(chatId);
  if (chat === undefined) return refuse('chat_not_found', 'There is no such chat', 'chat_id');
  const member = world.member(chatId, userId);
  if (member === undefined) return { ok: true, result: { type: 'member', member: null } };
  const recipients = world.members(chatId).map((told) => told.userId);
  world.audit.push({ keyName, action: 'remove_member', chatId, userId, detail: null });
  member.leftAt = world.now;
  member.unreadCount = 0;
  world.changedMembers.add(member);
  world.addEvent(chat, { type: 'member_removed', chatId, userId }, recipients);
  return { ok: true, result: { type: 'member', member: null } };
};
