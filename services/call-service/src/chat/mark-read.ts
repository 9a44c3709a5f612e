import type { MessageId } from '@trunkline/contract';
import { type ChatAnswer, type ChatWorld, type MarkRecord, type MemberRecord, refuse, type WriteEnvelope } from './chat-world.ts';
import { enter } from './send.ts';

export type MarkEnvelope = WriteEnvelope & { command: Extract<WriteEnvelope['command'], { type: 'mark_read' }> };

const isNews = ({ userId, place }: MemberRecord, { senderId, readBy }: MarkRecord): boolean =>
  senderId !== userId && (readBy & (1 << place)) === 0;

/** Marks one message; it counted as unread if it came after the member did. */
const mark = (world: ChatWorld, member: MemberRecord, message: MarkRecord): void => {
  message.readBy |= 1 << member.place;
  message.readAt ??= world.now;
  world.marked.add(message);
  if (message.seq <= member.joinedSeq) return;
  member.unreadCount = Math.max(0, member.unreadCount - 1);
  world.changedMembers.add(member);
};

/** Decides a read mark: all the messages it names, or none. Marking again changes nothing, and tells nobody. */
export const markRead = (world: ChatWorld, { actor, command }: MarkEnvelope): ChatAnswer => {
  const { chatId } = command;
  const entry = enter(world, chatId, actor.userId);
  if (!entry.ok) return entry;
  const { chat, member } = entry;
  const messageIds: MessageId[] = [...new Set(command.messageIds)];
  const messages = messageIds.flatMap((id) => world.messageIn(chatId, id) ?? []);
  if (messages.length < messageIds.length) return refuse('parse_error', 'names a message that is not in this chat', 'message_ids');
  const news = messages.filter((message) => isNews(member, message));
  for (const message of news) mark(world, member, message);
  if (news.length > 0) {
    world.addEvent(chat, {
      type: 'messages_read',
      chatId,
      messageIds: news.map(({ id }) => id),
      readBy: member.userId,
      readAt: world.now,
    });
    world.readings.push({ chatId, messageIds: news.map(({ id }) => id), readBy: member.userId, deviceId: actor.deviceId });
  }
  return { ok: true, result: { type: 'read', chatId, messageIds, readAt: world.now, unreadCount: member.unreadCount } };
};
