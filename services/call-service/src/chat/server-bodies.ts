import {
  ChatId,
  ChatMetadata,
  HttpsUrl,
  MAX_METADATA_BYTES,
  MAX_METADATA_DEPTH,
  MessageType,
  messageFields,
  NOTHING_SAID,
  SYSTEM,
  saysSomething,
  storableText,
  UserId,
} from '@trunkline/contract';
import { z } from 'zod';
import { customContent, orderContent } from '../notifications/chat-notices.ts';
import { type BackendContent, whyUnpushable } from '../notifications/push-limits.ts';
import { fieldsOf, messageFieldsOf } from './chat-bodies.ts';

const MAX_RECIPIENTS = 500;

const OrderId = storableText(128).min(1);

/** What the app's backend says in a chat: as the system, or as a bot with an id of its own. */
export const Speech = z
  .object({
    senderId: storableText(128).min(1).default(SYSTEM),
    senderName: storableText(200).nullable().default(null),
    messageType: MessageType.default('system'),
    ...messageFields,
  })
  .refine(saysSomething, NOTHING_SAID)
  .refine(({ senderId, messageType }) => senderId !== SYSTEM || messageType === 'system', {
    path: ['senderId'],
    error: 'must name the bot, unless the message is of type system',
  });

export const parseSpeech = (body: unknown) => Speech.safeParse({ ...fieldsOf(body, ['senderId', 'senderName']), ...messageFieldsOf(body) });

const target = {
  userIds: z.array(UserId).min(1).max(MAX_RECIPIENTS).optional(),
  chatId: ChatId.optional(),
};

/** Any JSON of the bounds that metadata has. */
const OrderNews = z
  .unknown()
  .meta({ description: `Any JSON but null, at most ${MAX_METADATA_BYTES} bytes, at most ${MAX_METADATA_DEPTH} deep, a list one less` })
  .transform((update, context): z.core.util.JSONType => {
    const isObject = typeof update === 'object' && update !== null && !Array.isArray(update);
    const { error } = ChatMetadata.safeParse(isObject ? update : { update });
    const message = update === undefined ? 'needs an update: any JSON but null' : error?.issues[0]?.message;
    if (message === undefined) return update as z.core.util.JSONType;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const OrderUpdate = z.object({ ...target, type: z.literal('order_update'), data: z.object({ orderId: OrderId, update: OrderNews }) });
const ReceiptShared = z.object({
  ...target,
  type: z.literal('receipt_shared'),
  data: z.object({ orderId: OrderId, receiptUrl: HttpsUrl }),
});
const Custom = z.object({
  ...target,
  type: z
    .string()
    .regex(/^custom:[A-Za-z0-9_.:-]{1,64}$/, 'must be order_update, receipt_shared or custom:<name>')
    .transform((type) => type as `custom:${string}`),
  data: ChatMetadata,
});

const oneTarget = <Event extends { userIds?: unknown; chatId?: unknown }>({ userIds, chatId }: Event): boolean =>
  (userIds === undefined) !== (chatId === undefined);
const ONE_TARGET = { path: ['userIds'], error: 'give either userIds or chatId' };

export type UserEventBody = z.output<typeof OrderUpdate> | z.output<typeof ReceiptShared> | z.output<typeof Custom>;

/** Any of them. */
export const UserEvent = z.union([OrderUpdate, ReceiptShared, Custom]);

export const isCustom = (body: UserEventBody): body is z.output<typeof Custom> => body.type.startsWith('custom:');

/** Whoever cannot see an event now is pushed it, so that what no push can carry is refused before anybody is told. */
const complainUnlessPushable = (content: BackendContent, context: z.RefinementCtx): void => {
  const message = whyUnpushable(content);
  if (message !== null) context.addIssue({ code: 'custom', path: ['data'], message });
};

const SCHEMAS: ReadonlyMap<unknown, z.ZodType<UserEventBody>> = new Map<unknown, z.ZodType<UserEventBody>>([
  [
    'order_update',
    OrderUpdate.refine(oneTarget, ONE_TARGET).superRefine(({ data }, context) => complainUnlessPushable(orderContent(data), context)),
  ],
  ['receipt_shared', ReceiptShared.refine(oneTarget, ONE_TARGET)],
]);

const CustomEvent: z.ZodType<UserEventBody> = Custom.refine(oneTarget, ONE_TARGET).superRefine(({ type, data }, context) =>
  complainUnlessPushable(customContent({ name: type, data }), context),
);

/** The body of an event from the app's backend; `orderId` and `receiptUrl` in both spellings, as everywhere. */
export const parseUserEvent = (body: unknown) => {
  const fields = fieldsOf(body, ['type', 'userIds', 'chatId', 'data']);
  const schema = SCHEMAS.get(fields['type']);
  if (schema === undefined) return CustomEvent.safeParse(fields);
  return schema.safeParse({ ...fields, data: fieldsOf(fields['data'], ['orderId', 'update', 'receiptUrl']) });
};
