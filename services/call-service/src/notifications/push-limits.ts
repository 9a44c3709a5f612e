import type { PushContent } from '@trunkline/contract';
import { plainText, SHOWN_CHARACTERS } from '@trunkline/service-kit';

/** Providers take 4,096 bytes; what is left is for what they add, and a push service's encryption. */
const MAX_BYTES = 3900;
/** The longest words that a type has of its own, for who gives none. */
const [OWN_TITLE, OWN_BODY] = ['x'.repeat(40), 'x'.repeat(80)];
/** What a browser's push has beside words and data: a picture, a badge, a button. */
const LOOK = 'x'.repeat(240);

/** What the app's backend has pushed. */
export type BackendContent = Exclude<
  PushContent,
  { type: 'incoming_call' | 'call_cancelled' | 'missed_call' | 'chat_message' | 'chat_read' }
>;

/** FCM keeps these keys for itself, and refuses a message that has one. */
const isReserved = (key: string): boolean => /^(?:from|notification|message_type|collapse_key|(?:google|gcm)(?:\..*)?)$/.test(key);

const bytesOf = (message: object): number => Buffer.byteLength(JSON.stringify(message));

const wordsOf = (content: BackendContent) => {
  const status = content.type === 'order_update' ? plainText(content.status, SHOWN_CHARACTERS.status) : '';
  return {
    title: plainText(content.title ?? '', SHOWN_CHARACTERS.title) || OWN_TITLE,
    body: plainText(content.body ?? '', SHOWN_CHARACTERS.body) || OWN_BODY + status,
  };
};

/** How much the largest of its messages has: an iPhone's has the words twice, a browser's has what `data` calls so beside them. */
const largestBytes = (content: BackendContent): number => {
  const { data, name, title: _title, body: _body, ...about } = content;
  const words = wordsOf(content);
  const told = { ...data, ...(name == null ? {} : { name }), ...about };
  const onPhone = { ...told, ...words, aps: { alert: words, sound: 'default' } };
  const inBrowser = { ...words, tag: 'orderId' in about ? about.orderId : '', look: LOOK, data: told };
  return Math.max(bytesOf(onPhone), bytesOf(inBrowser));
};

/** Why no provider would take a push that says this; null where they do. */
export const whyUnpushable = (content: BackendContent): string | null => {
  if (Object.keys(content.data ?? {}).some(isReserved)) return 'has a key that FCM keeps for itself';
  const bytes = largestBytes(content);
  if (bytes <= MAX_BYTES) return null;
  return `makes a push of ${bytes} bytes: with its name, and its title and body twice, it may have ${MAX_BYTES}`;
};
