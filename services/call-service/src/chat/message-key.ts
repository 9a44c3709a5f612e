import { createHash } from 'node:crypto';
import { type ChatMessage, SYSTEM } from '@trunkline/contract';
import type { ChatInput, MessageKey, Said, ServerSender, WriteEnvelope } from './chat-world.ts';

const CLIENT = 'client:';

/**
 * Under which name a message is kept, so that it is sent once however often it arrives: the client's own name for it,
 * else the request's, else the edge's.
 */
export const messageKey = ({ command, requestId, commandId, actor }: WriteEnvelope): MessageKey => {
  const senderId = actor.userId;
  if (command.type === 'send_message' && command.clientMessageId !== undefined)
    return { senderId, key: `${CLIENT}${command.clientMessageId}` };
  return { senderId, key: requestId === null ? `command:${commandId}` : `request:${requestId}` };
};

type Speech = Pick<Extract<ChatInput, { kind: 'speak' }>, 'sender' | 'said' | 'requestId'>;

/** The same for what the app's backend says, whose requests are its own whoever it speaks as; null where it gave no name. */
export const speechKey = ({ sender, said, requestId }: Speech): MessageKey | null => {
  if (said.clientMessageId !== undefined) return { senderId: sender.id, key: `${CLIENT}${said.clientMessageId}` };
  return requestId === null ? null : { senderId: SYSTEM, key: `request:${requestId}` };
};

/** Which field of a request a name came in. */
export const fieldOfKey = ({ key }: MessageKey): string => (key.startsWith(CLIENT) ? 'client_message_id' : 'request_id');

/** Same words, same hash. `sender`: where another one would have made it another message. */
export const saidHash = (
  type: ChatMessage['type'],
  { content, attachmentUrl, attachmentType, metadata }: Said,
  sender?: ServerSender,
): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        type,
        content,
        attachmentUrl ?? null,
        attachmentType ?? null,
        metadata ?? null,
        ...(sender === undefined ? [] : [sender.id, sender.name]),
      ]),
    )
    .digest('base64url');
