import type { ChatMessage, SessionId } from '@trunkline/contract';
import type { ChatRecord, ChatWorld, MessageRecord, Said } from './chat-world.ts';
import { messageIdOf } from './message-id.ts';

export interface Draft {
  senderId: string;
  senderRole: string;
  senderName: string | null;
  senderSessionId: SessionId | null;
  type: ChatMessage['type'];
  said: Said;
  /** Members besides the sender for whom it is nothing new. */
  knownTo?: readonly string[];
}

/** The message as events and answers carry it. */
export const messageOf = ({ readBy: _, ...message }: MessageRecord): ChatMessage => message;

/** The next message of a chat: its number, the unread counts and the event, in one go. */
export const sayIn = (world: ChatWorld, chat: ChatRecord, { said, knownTo = [], ...draft }: Draft): MessageRecord => {
  // A clock that was set back must not tear order and time apart.
  const at = Math.max(world.now, chat.lastMessageAt ?? 0);
  chat.lastSeq += 1;
  chat.lastMessageAt = at;
  chat.updatedAt = at;
  const record: MessageRecord = {
    id: messageIdOf(at, chat.lastSeq),
    chatId: chat.id,
    seq: chat.lastSeq,
    senderId: draft.senderId,
    senderRole: draft.senderRole,
    senderName: draft.senderName,
    content: said.content,
    type: draft.type,
    attachmentUrl: said.attachmentUrl ?? null,
    attachmentType: said.attachmentType ?? null,
    metadata: said.metadata ?? null,
    clientMessageId: said.clientMessageId ?? null,
    createdAt: at,
    readAt: null,
    readBy: 0,
  };
  for (const member of world.members(chat.id)) {
    member.activeAt = at;
    if (knownTo.includes(member.userId)) record.readBy |= 1 << member.place;
    else if (member.userId !== draft.senderId) member.unreadCount += 1;
    world.changedMembers.add(member);
  }
  world.sent.push(record);
  world.addEvent(chat, { type: 'message_sent', message: messageOf(record), senderSessionId: draft.senderSessionId });
  return record;
};
