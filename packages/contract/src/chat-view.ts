import { z } from 'zod';
import { CallType } from './call.ts';
import { type ChatMessage, MessageType } from './chat.ts';

/** What became of a call that a `system` message tells of. `missed`: whoever was called did not come to answer it. */
export const CallNote = z.object({
  kind: z.literal('call'),
  outcome: z.enum(['missed', 'declined', 'ended', 'failed']),
  callId: z.string(),
  callType: CallType,
  callerId: z.string(),
  calleeId: z.string(),
  durationSeconds: z.number().nullable(),
});
export type CallNote = z.infer<typeof CallNote>;

const MINUTE = 60;
const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `3:05`, or `1:03:05` from an hour on. */
const clock = (seconds: number): string => {
  const minutes = Math.floor(seconds / MINUTE);
  const hours = Math.floor(minutes / MINUTE);
  const rest = twoDigits(seconds % MINUTE);
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${twoDigits(minutes % MINUTE)}:${rest}`;
};

const WORDS: Readonly<Record<CallNote['outcome'], (call: string, note: CallNote) => { caller: string; callee: string }>> = {
  missed: (call) => ({ caller: `No answer to your ${call}`, callee: `Missed ${call}` }),
  declined: (call) => ({ caller: `Your ${call} was declined`, callee: `You declined a ${call}` }),
  ended: (call, { durationSeconds }) => {
    const lasted = `, ${clock(durationSeconds ?? 0)}`;
    return { caller: `Outgoing ${call}${lasted}`, callee: `Incoming ${call}${lasted}` };
  },
  failed: (call) => ({ caller: `Your ${call} could not be connected`, callee: `A ${call} could not be connected` }),
};

/** How a note reads on one side. Whoever is neither caller nor callee reads what the callee reads. */
export const callNoteText = (note: CallNote, viewerId: string): string => {
  const call = note.callType === 'VIDEO' ? 'video call' : 'voice call';
  const { caller, callee } = WORDS[note.outcome](call, note);
  return viewerId === note.callerId ? caller : callee;
};

/** A message as clients see it, over REST and on sockets. Times are ISO 8601. */
export const MessageView = z
  .object({
    id: z.uuid(),
    chat_id: z.uuid(),
    sender_id: z.string(),
    sender_role: z.string().nullable(),
    content: z.string(),
    type: MessageType,
    attachment_url: z.string().nullable(),
    attachment_type: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    client_message_id: z.string().nullable(),
    created_at: z.iso.datetime(),
    read_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Message' });
export type MessageView = z.infer<typeof MessageView>;

/** What the message says to this viewer: what the system tells of a call is worded for each side. */
export const contentFor = ({ type, content, metadata }: Pick<ChatMessage, 'type' | 'content' | 'metadata'>, viewerId: string): string => {
  if (type !== 'system') return content;
  const note = CallNote.safeParse(metadata);
  return note.success ? callNoteText(note.data, viewerId) : content;
};

export const messageViewFor = (message: ChatMessage, viewerId: string): MessageView => ({
  id: message.id,
  chat_id: message.chatId,
  sender_id: message.senderId,
  sender_role: message.senderRole,
  content: contentFor(message, viewerId),
  type: message.type,
  attachment_url: message.attachmentUrl,
  attachment_type: message.attachmentType,
  metadata: message.metadata,
  client_message_id: message.clientMessageId,
  created_at: new Date(message.createdAt).toISOString(),
  read_at: message.readAt === null ? null : new Date(message.readAt).toISOString(),
});
