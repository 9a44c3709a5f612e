import { type CallEvent, type CallEventType, type CallHintType, type ChatEvent, isHint, type WebhookType } from '@trunkline/contract';
import type { Outcome } from '../calls/world.ts';
import { serverCallView } from '../server-api/call-view.ts';

/** Something to tell the app's backend. */
export interface WebhookDraft {
  /** Whatever has the same stream is told one after another. */
  stream: string;
  type: WebhookType;
  /** Epoch milliseconds of the database's clock. */
  at: number;
  data: object;
}

const CALL_TYPES: Readonly<Record<Exclude<CallEventType, CallHintType>, WebhookType>> = {
  call_placed: 'call.placed',
  call_ringing: 'call.ringing',
  call_accepted: 'call.accepted',
  call_rejected: 'call.rejected',
  call_cancelled: 'call.cancelled',
  call_missed: 'call.missed',
  call_connected: 'call.connected',
  call_ended: 'call.ended',
  call_failed: 'call.failed',
};

const callDraft = ({ type, at, actor, call }: CallEvent, hidden: ReadonlySet<string>): WebhookDraft[] => {
  if (isHint(type)) return [];
  const { userId, deviceId } = actor;
  const data = { call: { ...serverCallView(call), hiddenFromCallee: hidden.has(call.id) }, seq: call.seq, actor: { userId, deviceId } };
  return [{ stream: `call:${call.id}`, type: CALL_TYPES[type], at, data }];
};

/** What a batch did to calls. */
export const callDrafts = ({ events, inserted, updated }: Pick<Outcome, 'events' | 'inserted' | 'updated'>): WebhookDraft[] => {
  if (events.length === 0) return [];
  const hidden = new Set([...inserted, ...updated].filter(({ hiddenFromCallee }) => hiddenFromCallee).map(({ id }) => id));
  return events.flatMap((event) => callDraft(event, hidden));
};

/** What was said and read in chats, without what it said: the backend is told that it was said. */
export const chatDraft = (event: ChatEvent): WebhookDraft[] => {
  if (event.type === 'message_sent') {
    const { id: messageId, chatId, seq, senderId, senderRole, type, clientMessageId, createdAt } = event.message;
    const message = { messageId, chatId, seq, senderId, senderRole, type, clientMessageId, createdAt: new Date(createdAt).toISOString() };
    return [{ stream: `chat:${chatId}`, type: 'message.sent', at: event.at, data: { ...message, recipients: event.recipients } }];
  }
  if (event.type !== 'messages_read') return [];
  const { chatId, messageIds, readBy, readAt } = event;
  const data = { chatId, messageIds, readBy, readAt: new Date(readAt).toISOString() };
  return [{ stream: `chat:${chatId}`, type: 'message.read', at: event.at, data }];
};

/** A push that did not reach its provider, or that the provider refused for good. */
export interface FailedPush {
  notificationId: string;
  pushId: string;
  userId: string;
  type: string;
  callId: string | null;
  bulkId: string | null;
  provider: string | null;
  platform: string | null;
  outcome: 'failed' | 'expired';
  error: string | null;
  targetGone: boolean;
}

export const pushDraft = (push: FailedPush, at: number): WebhookDraft => ({
  stream: `user:${push.userId}`,
  type: 'notification.failed',
  at,
  data: push,
});

export const presenceDraft = (type: 'user.online' | 'user.offline', userId: string, at: number): WebhookDraft => ({
  stream: `user:${userId}`,
  type,
  at,
  data: { userId },
});
