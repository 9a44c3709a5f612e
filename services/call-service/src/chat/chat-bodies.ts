import { type ChatId, MAX_CONTENT_LENGTH, MarkRead, SendMessage, storableText, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { type ChatFailure, refuse } from './chat-world.ts';

type Fields = Readonly<Record<string, unknown>>;

const asFields = (body: unknown): Fields => (typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Fields) : {});

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The fields of a body in our spelling, whether they came as `chat_id` or as `chatId`; `null` is a field left out. */
export const fieldsOf = (body: unknown, names: readonly string[]): Record<string, unknown> => {
  const given = asFields(body);
  const wanted = new Set(names);
  const entries = Object.entries(given).map(([name, value]): [string, unknown] => [camel(name), value]);
  return Object.fromEntries(entries.filter(([name, value]) => wanted.has(name) && value !== null && value !== undefined));
};

const WIRE_NAMES: ReadonlyMap<string, string> = new Map([
  ['messageType', 'type'],
  ['requestId', 'idempotency-key'],
]);

/** How a field is spelled where the client left it out: as the documentation of the request has it. */
export type Spelling = (name: string) => string;
export const inCamelCase: Spelling = camel;

/** A field as the client spells it. */
const spelled = (field: string, given: unknown, spelling: Spelling): string => {
  const name = camel(field);
  const wireName = WIRE_NAMES.get(name);
  return wireName ?? Object.keys(asFields(given)).findLast((key) => camel(key) === name) ?? spelling(field);
};

/** The same refusal, its field as the client spells it in what was given. */
export const asSpelled = (failure: ChatFailure, given: unknown, spelling: Spelling = snake): ChatFailure => {
  const { field } = failure.error;
  return field === undefined ? failure : { ok: false, error: { ...failure.error, field: spelled(field, given, spelling) } };
};

/** What is wrong with a request, by the field as the client spells it. */
export const refusalOf = (error: z.ZodError, given: unknown, spelling: Spelling = snake): ChatFailure => {
  const [issue] = error.issues;
  const [first] = issue?.path ?? [];
  const field = first === undefined ? undefined : spelled(String(first), given, spelling);
  const message = issue?.message ?? 'the request is not understood';
  return refuse('parse_error', field === undefined ? message : `${field}: ${message}`, field);
};

const MESSAGE_FIELDS = ['content', 'type', 'attachmentUrl', 'attachmentType', 'metadata', 'clientMessageId'] as const;

/** What both doors say of a message; the rest of a command comes from elsewhere. */
export const messageFieldsOf = (body: unknown): Record<string, unknown> => {
  const { type, ...fields } = fieldsOf(body, MESSAGE_FIELDS);
  return { content: '', ...fields, ...(type === undefined ? {} : { messageType: type }) };
};

export const parseSend = (chatId: ChatId, body: unknown) =>
  SendMessage.safeParse({ messageType: 'text', ...messageFieldsOf(body), type: 'send_message', chatId });

export const parseMarkRead = (chatId: ChatId, body: unknown) =>
  MarkRead.safeParse({ ...fieldsOf(body, ['messageIds']), type: 'mark_read', chatId });

export const CreateChat = z
  .object({
    orderId: storableText(128).min(1),
    userId: UserId,
    shopperId: UserId,
    initialMessage: storableText(MAX_CONTENT_LENGTH)
      .refine((text) => text.trim() !== '', 'must not be empty')
      .optional(),
  })
  .refine(({ userId, shopperId }) => userId !== shopperId, { path: ['shopperId'], error: 'must be somebody else than user_id' });

export const parseCreate = (body: unknown) => CreateChat.safeParse(fieldsOf(body, ['orderId', 'userId', 'shopperId', 'initialMessage']));
