import { createHash } from 'node:crypto';
import type { ChatMessage } from '@trunkline/contract';
import type { Said, WriteEnvelope } from './chat-world.ts';

/**
 * Under which name a message is kept, so that it is sent once however often it arrives: the client's own name for it,
 * else the request's, else the edge's.
 */
export const messageKey = ({ command, requestId, commandId }: WriteEnvelope): string => {
  if (command.type === 'send_message' && command.clientMessageId !== undefined) return `client:${command.clientMessageId}`;
  return requestId === null ? `command:${commandId}` : `request:${requestId}`;
};

/** Same words, same hash. */
export const saidHash = (type: ChatMessage['type'], { content, attachmentUrl, attachmentType, metadata }: Said): string =>
  createHash('sha256')
    .update(JSON.stringify([type, content, attachmentUrl ?? null, attachmentType ?? null, metadata ?? null]))
    .digest('base64url');
