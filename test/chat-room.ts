import { randomUUID } from 'node:crypto';
import { createRestClient, type OtsyClient, type RestClient, type System, type SystemOptions, startSystem } from '@trunkline/testing';
import { expect } from 'vitest';

const SERVER_KEY = 'the-server-key-of-tests-only';
const SETTINGS = { LIMIT_MESSAGES_PER_MINUTE: '0', SERVER_API_KEYS: SERVER_KEY };

/** The whole of Trunkline, with chats that may be written in as fast as a test likes. */
export const startChatSystem = ({ settings, ...options }: SystemOptions = {}): Promise<System> =>
  startSystem({ ...options, settings: { ...SETTINGS, ...settings } });

/** The app's own backend. */
export const backendOf = (system: System): RestClient => createRestClient(system.callServices[0]?.url ?? '', SERVER_KEY);

/** Two people and their chat. */
export interface ChatRoom {
  readonly chatId: string;
  readonly userId: string;
  readonly shopperId: string;
}

export const openRoom = async (system: System): Promise<ChatRoom> => {
  const [userId, shopperId] = [`user-${randomUUID()}`, `shopper-${randomUUID()}`];
  const body = { order_id: `order-${randomUUID()}`, user_id: userId, shopper_id: shopperId };
  const { status, body: chat } = await backendOf(system).post('/v1/chat', body);
  expect([status, chat.user_id, chat.shopper_id]).toEqual([201, userId, shopperId]);
  return { chatId: chat.id, userId, shopperId };
};

/** Joins, and hears the history. */
export const join = async (client: OtsyClient, chatId: string): Promise<string[]> => {
  const earlier = client.bodies('chat_history').length;
  expect(await client.ask('join_chat', { chat_id: chatId })).toEqual({ ok: true });
  const histories = client.bodies('chat_history');
  expect(histories).toHaveLength(earlier + 1);
  return contentsOf(histories.at(-1).messages);
};

export const say = (client: OtsyClient, chatId: string, content: string, more: object = {}) =>
  client.ask('send_message', { chatId, message: { content, type: 'text', ...more } });

export const contentsOf = (messages: readonly { content: string }[]): string[] => messages.map(({ content }) => content);
