import { storableText, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { MomentAsGiven } from '../server-api/list-query.ts';
import { inEitherSpelling } from './either-spelling.ts';
import { type BackendContent, whyUnpushable } from './push-limits.ts';

const MAX_USERS = 10_000;

const Data = z.record(storableText(100).min(1), z.union([storableText(2000), z.number(), z.boolean()]).transform(String));

/** The name of a template, or the words themselves. */
const Template = z.union([
  storableText(100).min(1),
  z.object({
    name: storableText(100).min(1).nullish(),
    title: storableText(200).nullish(),
    body: storableText(1000).nullish(),
  }),
]);

const BulkType = z.enum(['order_update', 'receipt_shared', 'promotional', 'system_alert', 'custom']);

const Given = z.strictObject({
  userIds: z.array(UserId).min(1).max(MAX_USERS).optional(),
  all: z.literal(true).optional(),
  type: BulkType,
  template: Template.optional(),
  data: Data.default({}),
  dedupeKey: storableText(200).min(1).optional(),
  /** When it is to go out; at once where it is not given. As given, since the hash for the dedupe key is taken over it. */
  sendAt: MomentAsGiven.optional(),
});

type Given = z.infer<typeof Given>;

const REQUIRED_DATA: Readonly<Record<z.infer<typeof BulkType>, readonly string[]>> = {
  order_update: ['orderId', 'status'],
  receipt_shared: ['orderId'],
  promotional: [],
  system_alert: [],
  custom: [],
};

const wordsOf = (template: Given['template'] = {}, { title, body }: Given['data']) => {
  const words = typeof template === 'string' ? { name: template } : template;
  return { name: words.name ?? null, title: words.title ?? title ?? null, body: words.body ?? body ?? null };
};

/** What is sent. It has all that makes one request another, since the hash for the dedupe key is taken over it. */
const contentOf = ({ type, template, data }: Given): BackendContent => {
  const words = wordsOf(template, data);
  if (type !== 'order_update' && type !== 'receipt_shared') return { type, ...words, data };
  const { orderId = '', status = '', ...further } = data;
  const about = type === 'order_update' ? { type, orderId, status } : { type, orderId };
  const added = type === 'order_update' || data['status'] === undefined ? further : { status, ...further };
  const isPlain = Object.keys(added).length === 0 && Object.values(words).every((word) => word === null);
  // As older versions have it, so that either version knows the other's request again.
  return isPlain ? about : { ...about, ...words, data: added };
};

const complain = (context: z.RefinementCtx, path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });

const Checked = Given.superRefine((given, context) => {
  const { userIds, all, type, data } = given;
  if ((userIds === undefined) === (all === undefined)) complain(context, ['userIds'], 'give either userIds or all: true');
  for (const key of REQUIRED_DATA[type]) if (data[key] === undefined) complain(context, ['data', key], `is needed for ${type}`);
  const unpushable = whyUnpushable(contentOf(given));
  if (unpushable !== null) complain(context, ['data'], unpushable);
});

/** What the app's backend asks to be sent to many. */
export const BulkBody = inEitherSpelling(Checked, Object.keys(Given.shape)).transform((given) => ({
  content: contentOf(given),
  /** In order, each once; null: everybody who has a target. */
  userIds: given.userIds === undefined ? null : [...new Set(given.userIds)].sort(),
  dedupeKey: given.dedupeKey ?? null,
  sendAt: given.sendAt ?? null,
}));
export type BulkBody = z.infer<typeof BulkBody>;
