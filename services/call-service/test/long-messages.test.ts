import { ChatMessage, MAX_CONTENT_LENGTH } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { askAll, commandOf, openChat, sendOf, startChatService } from './chat-door.ts';
import type { RunningCallService } from './running-call-service.ts';

const SENT = 60;
const MOST_BYTES = 512 * 1024;
const metadata = { text: 'x'.repeat(8000) };

const bytesOf = (messages: readonly ChatMessage[]): number => Buffer.byteLength(JSON.stringify(messages));

/** In requests that are not too large. */
const sayAll = async (service: RunningCallService, chatId: string, content: string, more: object): Promise<void> => {
  const commands = Array.from({ length: SENT }, (_, index) =>
    sendOf('ann', chatId, `${index}${content}`.slice(0, MAX_CONTENT_LENGTH), more),
  );
  for (let from = 0; from < SENT; from += 20)
    expect((await askAll(service, commands.slice(from, from + 20))).every(({ ok }) => ok)).toBe(true);
};

const lastMessages = async (service: RunningCallService, chatId: string): Promise<ChatMessage[]> => {
  const [reply] = await askAll(service, [commandOf('sho', { type: 'open_chat', chatId })]);
  return reply?.ok === true && reply.result.type === 'chat' ? reply.result.messages : [];
};

it.each([
  ['of three bytes a character', 'あ', { metadata }],
  ['of control characters, each of six bytes in JSON', '\u0001', {}],
  ['of quotes, with an attachment', '"', { metadata, attachmentUrl: `https://example.com/${'\\'.repeat(2000)}` }],
])(
  'whoever opens a chat of the longest messages, %s, gets as many of the newest as fit into half a megabyte',
  async (_what, text, more) => {
    await using service = await startChatService();
    const chatId = await openChat(service);
    await sayAll(service, chatId, text.repeat(MAX_CONTENT_LENGTH), more);
    const messages = await lastMessages(service, chatId);
    const first = SENT - messages.length + 1;
    expect(messages.map(({ seq }) => seq)).toEqual(Array.from(messages, (_message, index) => first + index));
    expect(messages.at(-1)?.metadata).toEqual('metadata' in more ? metadata : null);
    const bytes = bytesOf(messages);
    expect(bytes).toBeLessThanOrEqual(MOST_BYTES * 1.01);
    expect(bytes + (bytes / messages.length) * 1.2).toBeGreaterThan(MOST_BYTES);
  },
);

it('of usual messages fifty are told, and of one that is larger than all may be, that one', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  await sayAll(service, chatId, ' on my way', {});
  const last = await lastMessages(service, chatId);
  expect(last.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 11));
  expect(Object.keys(last[0] ?? {}).sort()).toEqual(Object.keys(ChatMessage.shape).sort());
  await service.database.query('UPDATE messages SET content = $1 WHERE chat_id = $2 AND seq = 60', ['x'.repeat(MOST_BYTES), chatId]);
  expect((await lastMessages(service, chatId)).map(({ seq }) => seq)).toEqual([60]);
});
