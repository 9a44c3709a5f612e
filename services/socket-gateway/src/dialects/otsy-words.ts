import { ChatId, MarkRead, RequestId, SendMessage } from '@trunkline/contract';
import { z } from 'zod';
import { isObject } from './decoding.ts';

/** Everything that an Otsy client may ask for. */
export type ChatAsk =
  | SendMessage
  | z.output<typeof MarkRead>
  | { readonly type: 'join_chat'; readonly chatId: ChatId }
  | { readonly type: 'leave_chat'; readonly chatId: ChatId }
  | { readonly type: 'set_typing'; readonly chatId: ChatId; readonly isTyping: boolean }
  | { readonly type: 'refresh_token'; readonly token: string };

/** Clients spell a field either way; what is not listed has one spelling. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['chat_id', 'chatId'],
  ['message_ids', 'messageIds'],
  ['attachment_url', 'attachmentUrl'],
  ['attachment_type', 'attachmentType'],
  ['client_message_id', 'clientMessageId'],
  ['request_id', 'requestId'],
]);

/** Our names of fields that the wire calls otherwise. */
const WIRE_NAMES: ReadonlyMap<string, string> = new Map([...SPELLINGS].map(([wire, ours]) => [ours, wire]));

type Fields = Readonly<Record<string, unknown>>;

const oursOf = (name: string): string => SPELLINGS.get(name) ?? name;

/** How one frame spells the fields that have two spellings, by our name of them. */
export type Spelling = ReadonlyMap<string, string>;

/** How it spells them; of a field in both, the value that counts, which `null` is not. `message` counts where it is a message. */
const spellingIn = (event: string, { message, ...beside }: Fields): Spelling => {
  const said = event === 'send_message' && isObject(message) ? Object.entries(message) : [];
  const spelling = new Map<string, string>();
  for (const [name, value] of [...Object.entries(beside), ...said]) {
    const ours = oursOf(name);
    const counts = (value !== null && value !== undefined) || !spelling.has(ours);
    if (WIRE_NAMES.has(ours) && counts) spelling.set(ours, name);
  }
  return spelling;
};

/** A field, whichever way it is spelled, as the client spells it; one that it left out, as the wire does. */
export const spelled = (field: string, spelling: Spelling): string => {
  const ours = oursOf(field);
  if (ours === 'messageType') return 'type';
  return spelling.get(ours) ?? WIRE_NAMES.get(ours) ?? ours;
};

/** The fields that have a value, in our spelling. Clients write `null` for a field that they leave out. */
const fieldsOf = (body: object): Fields =>
  Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [oursOf(name), value]),
  );

const aboutChat = (type: 'join_chat' | 'leave_chat') => z.object({ chatId: ChatId }).transform(({ chatId }): ChatAsk => ({ type, chatId }));

const Typing = z
  .object({ chatId: ChatId, action: z.enum(['start', 'stop']) })
  .transform(({ chatId, action }): ChatAsk => ({ type: 'set_typing', chatId, isTyping: action === 'start' }));

const Read = z
  .looseObject({ chatId: z.unknown() })
  .transform(({ chatId, messageIds }) => ({ type: 'mark_read', chatId, messageIds }))
  .pipe(MarkRead);

/** A message in `message`, or its fields beside the chat's. */
const Said = z
  .looseObject({ message: z.looseObject({}).optional() })
  .transform(({ message = {}, ...beside }) => ({ ...beside, ...fieldsOf(message) }));

const Send = Said.transform(({ chatId, content, type, ...said }: Fields) => ({
  type: 'send_message',
  chatId,
  content: content ?? '',
  messageType: type ?? 'text',
  ...said,
})).pipe(SendMessage);

const Refresh = z.object({ token: z.string() }).transform(({ token }): ChatAsk => ({ type: 'refresh_token', token }));

/** Every event that an Otsy client may send. A `Map`, so that a client saying "toString" finds nothing. */
export const OTSY_WORDS: ReadonlyMap<string, z.ZodType<ChatAsk>> = new Map<string, z.ZodType<ChatAsk>>([
  ['join_chat', aboutChat('join_chat')],
  ['leave_chat', aboutChat('leave_chat')],
  ['send_message', Send],
  ['typing_indicator', Typing],
  ['mark_messages_read', Read],
  ['auth:refresh', Refresh],
]);

const OptionalRequestId = RequestId.optional();

/** The client's name for what it asks: its `requestId`, which MUST be one if it is there. */
export const requestIdIn = (fields: Fields): RequestId | null | 'malformed' => {
  const { success, data } = OptionalRequestId.safeParse(fields['requestId']);
  return success ? (data ?? null) : 'malformed';
};

/** What came with a word: its fields in our spelling, and the client's; null: it is no object. */
export const readFields = (event: string, body: unknown): { fields: Fields; spelling: Spelling } | null =>
  isObject(body) ? { fields: fieldsOf(body), spelling: spellingIn(event, body as Fields) } : null;
