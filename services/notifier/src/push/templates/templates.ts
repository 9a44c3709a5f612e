import { type PushContent, type PushLanguage, type PushType, SYSTEM } from '@trunkline/contract';
import { plainText, SHOWN_CHARACTERS } from '@trunkline/service-kit';

/** What a person reads. */
export interface Notice {
  title: string;
  body: string;
}

type ContentOf<Type extends PushType> = Extract<PushContent, { type: Type }>;
type Template<Type extends PushType> = (content: ContentOf<Type>) => Notice;

const NAME = 64;

export const shortName = (name: string | null): string => plainText(name ?? '', NAME);

const named = (name: string | null, unknown: string): string => shortName(name) || unknown;

/** Who wrote, in words made of the name; what the system says has no writer. */
const messageTitle = (
  { senderId, senderName }: ContentOf<'chat_message'>,
  words: { by: (name: string) => string; unknown: string; none: string },
) => (senderId === SYSTEM && shortName(senderName) === '' ? words.none : words.by(named(senderName, words.unknown)));

/** As a person reads it: `out_for_delivery` is "Out for delivery". */
const statusWords = (status: string): string => {
  const words = plainText(status.replaceAll('_', ' '), SHOWN_CHARACTERS.status);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** How an order stands, where the app's backend gave a word for it. */
const orderWords = ({ status }: ContentOf<'order_update'>, said: (status: string) => string, unsaid: string): string => {
  const words = statusWords(status);
  return words === '' ? unsaid : said(words);
};

interface OwnWords {
  title?: string | null | undefined;
  body?: string | null | undefined;
}

/** What the app's backend says; where it says nothing, these words. */
const own = (content: OwnWords, title: string, body: string): Notice => ({
  title: plainText(content.title ?? '', SHOWN_CHARACTERS.title) || title,
  body: plainText(content.body ?? '', SHOWN_CHARACTERS.body) || body,
});

/** In some scripts, a character as it is seen is made of a dozen bytes and more; an iPhone is sent the text twice, in 4,096 bytes at most. */
const MOST_TEXT_BYTES = 1200;

const textOr = (text: string | null, instead: string): string => plainText(text ?? '', SHOWN_CHARACTERS.body, MOST_TEXT_BYTES) || instead;

/** How a ring stopped, where the person should know; other reasons: the call is over. */
const stopWords = (reason: string, words: { answered: string; declined: string; missed: string; over: string }): string => {
  if (reason === 'answered_elsewhere') return words.answered;
  if (reason === 'declined_elsewhere') return words.declined;
  return reason === 'no_response' ? words.missed : words.over;
};

type Backends = ContentOf<'promotional'>;

/** Every type in every language. */
export const TEMPLATES: { readonly [Type in PushType]: Readonly<Record<PushLanguage, Template<Type>>> } = {
  incoming_call: {
    en: ({ callerName, callType }) => ({
      title: `${named(callerName, 'Someone')} is calling`,
      body: callType === 'VIDEO' ? 'Incoming video call' : 'Incoming audio call',
    }),
    ja: ({ callerName, callType }) => ({
      title: `${named(callerName, '不明な相手')}から着信`,
      body: callType === 'VIDEO' ? 'ビデオ通話の着信です' : '音声通話の着信です',
    }),
    vi: ({ callerName, callType }) => ({
      title: `${named(callerName, 'Ai đó')} đang gọi`,
      body: callType === 'VIDEO' ? 'Cuộc gọi video đến' : 'Cuộc gọi thoại đến',
    }),
  },
  call_cancelled: {
    en: ({ callerName, reason }) => ({
      title: `Call from ${named(callerName, 'someone')}`,
      body: stopWords(reason, {
        answered: 'Answered on another device',
        declined: 'Declined on another device',
        missed: 'You did not answer',
        over: 'The call is over',
      }),
    }),
    ja: ({ callerName, reason }) => ({
      title: `${named(callerName, '不明な相手')}からの着信`,
      body: stopWords(reason, {
        answered: '別の端末で応答しました',
        declined: '別の端末で拒否しました',
        missed: '応答しませんでした',
        over: '着信は終了しました',
      }),
    }),
    vi: ({ callerName, reason }) => ({
      title: `Cuộc gọi từ ${named(callerName, 'ai đó')}`,
      body: stopWords(reason, {
        answered: 'Đã trả lời trên thiết bị khác',
        declined: 'Đã từ chối trên thiết bị khác',
        missed: 'Bạn đã không trả lời',
        over: 'Cuộc gọi đã kết thúc',
      }),
    }),
  },
  missed_call: {
    en: ({ callerName, callType }) => ({
      title: `Missed call from ${named(callerName, 'someone')}`,
      body: callType === 'VIDEO' ? 'Video call' : 'Audio call',
    }),
    ja: ({ callerName, callType }) => ({
      title: `${named(callerName, '不明な相手')}からの不在着信`,
      body: callType === 'VIDEO' ? 'ビデオ通話' : '音声通話',
    }),
    vi: ({ callerName, callType }) => ({
      title: `Cuộc gọi nhỡ từ ${named(callerName, 'ai đó')}`,
      body: callType === 'VIDEO' ? 'Cuộc gọi video' : 'Cuộc gọi thoại',
    }),
  },
  chat_message: {
    en: (content) => ({
      title: messageTitle(content, { by: (name) => `New message from ${name}`, unknown: 'someone', none: 'New message' }),
      body: textOr(content.text, 'Open the chat to read it'),
    }),
    ja: (content) => ({
      title: messageTitle(content, { by: (name) => `${name}からの新着メッセージ`, unknown: '不明な相手', none: '新着メッセージ' }),
      body: textOr(content.text, 'チャットを開いて確認してください'),
    }),
    vi: (content) => ({
      title: messageTitle(content, { by: (name) => `Tin nhắn mới từ ${name}`, unknown: 'ai đó', none: 'Tin nhắn mới' }),
      body: textOr(content.text, 'Mở cuộc trò chuyện để xem'),
    }),
  },
  chat_read: {
    en: () => ({ title: 'Messages read', body: 'Read on another device' }),
    ja: () => ({ title: '既読', body: '別の端末で読みました' }),
    vi: () => ({ title: 'Đã đọc tin nhắn', body: 'Đã đọc trên thiết bị khác' }),
  },
  order_update: {
    en: (content) =>
      own(
        content,
        'Order Update',
        orderWords(content, (status) => `Your order status has been updated to: ${status}`, 'Your order has been updated'),
      ),
    ja: (content) =>
      own(
        content,
        '注文の更新',
        orderWords(content, (status) => `ご注文の状況が更新されました: ${status}`, 'ご注文が更新されました'),
      ),
    vi: (content) =>
      own(
        content,
        'Cập nhật đơn hàng',
        orderWords(content, (status) => `Trạng thái đơn hàng của bạn: ${status}`, 'Đơn hàng của bạn đã được cập nhật'),
      ),
  },
  receipt_shared: {
    en: (content) => own(content, 'Receipt', 'The receipt of your order has been shared with you'),
    ja: (content) => own(content, '領収書', 'ご注文の領収書が共有されました'),
    vi: (content) => own(content, 'Hóa đơn', 'Hóa đơn của đơn hàng đã được chia sẻ với bạn'),
  },
  promotional: {
    en: (content: Backends) => own(content, 'An offer for you', 'Open the app to see it'),
    ja: (content: Backends) => own(content, 'お得なお知らせ', 'アプリを開いてご確認ください'),
    vi: (content: Backends) => own(content, 'Ưu đãi dành cho bạn', 'Mở ứng dụng để xem'),
  },
  system_alert: {
    en: (content: Backends) => own(content, 'Important notice', 'Open the app to see it'),
    ja: (content: Backends) => own(content, '重要なお知らせ', 'アプリを開いてご確認ください'),
    vi: (content: Backends) => own(content, 'Thông báo quan trọng', 'Mở ứng dụng để xem'),
  },
  custom: {
    en: (content: Backends) => own(content, 'New notification', 'Open the app to see it'),
    ja: (content: Backends) => own(content, '新しいお知らせ', 'アプリを開いてご確認ください'),
    vi: (content: Backends) => own(content, 'Thông báo mới', 'Mở ứng dụng để xem'),
  },
};

/** What a person reads, in their language. */
export const noticeOf = (content: PushContent, language: PushLanguage): Notice => {
  const template = TEMPLATES[content.type][language] as (content: PushContent) => Notice;
  return template(content);
};
