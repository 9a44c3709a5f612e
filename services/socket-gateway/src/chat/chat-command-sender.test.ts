import { type ChatCommand, ChatId, MessageId } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { BEN } from '../../test/call-event.ts';
import type { CallServiceClient } from '../call-service-client.ts';
import { createChatCommandSender, type OutgoingChatCommand } from './chat-command-sender.ts';

const MESSAGE_ID = MessageId.parse('0193b5f0-0000-7000-8000-000000000001');
const chatId = ChatId.parse(MESSAGE_ID);
const FRAME_BYTES = 4 * 1024 * 1024;

/** A call-service that notes what it is asked, and answers that everybody left. */
const createClient = () => {
  const requests: { types: string[]; bytes: number }[] = [];
  const client: CallServiceClient = {
    post: async ({ bodyFor, schema }) => {
      const body = bodyFor(1, 1000) as { commands: OutgoingChatCommand[] };
      requests.push({ types: body.commands.map(({ command }) => command.type), bytes: Buffer.byteLength(JSON.stringify(body)) });
      const replies = body.commands.map(() => ({ ok: true, result: { type: 'left', chatId } }));
      return { value: schema.parse({ replies }), sentAt: 0, receivedAt: 0 };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { requests, send: createChatCommandSender(client, createLogger('test', 'silent')) };
};

const ask = (command: ChatCommand, avatar: string | null = null): OutgoingChatCommand => ({
  commandId: 'command-1',
  actor: { userId: BEN, name: null, avatar, role: null, deviceId: null, sessionId: null },
  command,
  requestId: null,
});

const say = (content: string, more: object = {}): ChatCommand => ({ type: 'send_message', chatId, content, messageType: 'text', ...more });

const LARGE: readonly [string, ChatCommand][] = [
  ['long messages', say('あ'.repeat(10_000), { metadata: { text: 'x'.repeat(8000) } })],
  ['messages of control characters', say('\u0001'.repeat(10_000), { attachmentUrl: `https://example.com/${'\\'.repeat(2000)}` })],
  ['read marks', { type: 'mark_read', chatId, messageIds: Array.from({ length: 500 }, () => MESSAGE_ID) }],
];

it.each(LARGE)('no request is larger than call-service takes: %s', async (_what, command) => {
  const { send, requests } = createClient();
  await Promise.all(Array.from({ length: 300 }, () => send(ask(command, 'あ'.repeat(2048)))));
  expect(requests.flatMap(({ types }) => types)).toHaveLength(300);
  expect(Math.max(...requests.map(({ bytes }) => bytes))).toBeLessThan(FRAME_BYTES);
});

it('two hundred and fifty-six usual messages still go together', async () => {
  const { send, requests } = createClient();
  await Promise.all(Array.from({ length: 256 }, () => send(ask(say('On my way, ten minutes'), 'https://example.com/ben.png'))));
  expect(requests).toHaveLength(1);
});

it('few chats are opened by one request, and what else is asked does not wait for them', async () => {
  const { send, requests } = createClient();
  const asked = Array.from({ length: 40 }, () => [ask({ type: 'open_chat', chatId, takesSeat: true }), ask(say('Hello'))]).flat();
  await Promise.all(asked.map((command) => send(command)));
  const sizes = requests.map(({ types }) => [...new Set(types), types.length]);
  expect(sizes.filter(([type]) => type === 'open_chat')).toEqual([16, 16, 8].map((count) => ['open_chat', count]));
  expect(sizes).toContainEqual(['send_message', 40]);
  expect(sizes).toHaveLength(4);
});
