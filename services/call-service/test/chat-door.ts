import { randomUUID } from 'node:crypto';
import type { ChatReply } from '@trunkline/contract';
import { createRestClient, mintToken, type RestClient } from '@trunkline/testing';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

const SERVER_KEY = 'the-server-key-of-tests-only';

const NO_LIMITS = { LIMIT_REST_PER_MINUTE: '0', LIMIT_MESSAGES_PER_MINUTE: '0', SERVER_API_KEYS: SERVER_KEY };

/** A call-service whose chats may be asked as often as a test likes. */
export const startChatService = (settings: Readonly<Record<string, string>> = {}): Promise<RunningCallService> =>
  startRunningCallService({ ...NO_LIMITS, ...settings });

/** A REST client for each person. */
export const clientOf = async (service: RunningCallService, userId: string, role = 'user'): Promise<RestClient> =>
  createRestClient(service.url, await mintToken(userId, { role, name: `${userId} by name` }));

export const serverOf = (service: RunningCallService): RestClient => createRestClient(service.url, SERVER_KEY);

export const BETWEEN = { order_id: 'order-1', user_id: 'ann', shopper_id: 'sho' };

/** A chat of ann with the shopper sho. */
export const openChat = async (service: RunningCallService, between: object = BETWEEN): Promise<string> =>
  (await serverOf(service).post('/v1/chat', between)).body.id;

/** Commands as a gateway passes them on. */
export const commandOf = (userId: string, command: object, more: object = {}) => ({
  commandId: randomUUID(),
  attempt: 1,
  actor: { userId, name: null, avatar: null, role: null, deviceId: null, sessionId: `session-of-${userId}` },
  command,
  requestId: null,
  ...more,
});

export const sendOf = (userId: string, chatId: string, content: string, more: object = {}) =>
  commandOf(userId, { type: 'send_message', chatId, content, messageType: 'text', ...more });

export const askAll = async (service: RunningCallService, commands: readonly object[]): Promise<ChatReply[]> => {
  const response = await service.post('chatCommands', { commands });
  return ((await response.json()) as { replies: ChatReply[] }).replies;
};

/** For what is not to fail. */
export const rethrow = (error: unknown): never => {
  throw error;
};
