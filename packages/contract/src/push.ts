import { z } from 'zod';
import { CallType } from './call.ts';
import { CallId, UserId } from './ids.ts';
import { Traceparent } from './traceparent.ts';

/** A row of the `pushes` table: one message to one target. */
export const PushId = z.uuid().brand<'PushId'>();
export type PushId = z.infer<typeof PushId>;

export const PushPlatform = z.enum(['android', 'ios', 'web']);
export type PushPlatform = z.infer<typeof PushPlatform>;

/** Firebase addresses an installation by registration token, or by installation id. */
export const FcmTokenKind = z.enum(['token', 'fid']);
export type FcmTokenKind = z.infer<typeof FcmTokenKind>;

/** Where a push goes. */
export const PushAddress = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('fcm'), platform: PushPlatform, kind: FcmTokenKind, token: z.string() }),
  /** A subscription as browsers give it (W3C Push API). */
  z.object({ provider: z.literal('web_push'), endpoint: z.string(), p256dh: z.string(), auth: z.string() }),
]);
export type PushAddress = z.infer<typeof PushAddress>;
export type PushProvider = PushAddress['provider'];

/** The languages that templates are written in; others get English. */
export const PushLanguage = z.enum(['en', 'ja', 'vi']);
export type PushLanguage = z.infer<typeof PushLanguage>;

const aboutCall = { callId: CallId, callerId: UserId, callerName: z.string().nullable() };

/** What the app's backend adds to what is about an order. Absent where it adds nothing, and in what an older version queued. */
const addedToOrder = {
  name: z.string().nullish(),
  title: z.string().nullish(),
  body: z.string().nullish(),
  data: z.record(z.string(), z.string()).optional(),
};

/** What a push is about. It never carries a credential, and message text only where `PUSH_INCLUDE_TEXT=1` (invariant 11). */
export const PushContent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('incoming_call'),
    ...aboutCall,
    callerAvatar: z.string().nullable(),
    callType: CallType,
    channelId: z.string(),
  }),
  /** The ring stops: `reason` is a canonical one, `answered_elsewhere` and `declined_elsewhere` among them. */
  z.object({ type: z.literal('call_cancelled'), ...aboutCall, reason: z.string() }),
  z.object({ type: z.literal('missed_call'), ...aboutCall, callType: CallType }),
  z.object({
    type: z.literal('chat_message'),
    chatId: z.string(),
    messageId: z.string(),
    senderId: z.string(),
    senderName: z.string().nullable(),
    messageType: z.string(),
    orderId: z.string().nullable(),
    /** Null unless `PUSH_INCLUDE_TEXT=1`. */
    text: z.string().nullable(),
  }),
  /** The chat was read on another device: what was shown of it is to go. */
  z.object({ type: z.literal('chat_read'), chatId: z.string() }),
  z.object({ type: z.literal('order_update'), orderId: z.string(), status: z.string(), ...addedToOrder }),
  z.object({ type: z.literal('receipt_shared'), orderId: z.string(), ...addedToOrder }),
  /** What the app's backend sends to many: its own words, or the template of its kind. */
  z.object({
    type: z.enum(['promotional', 'system_alert', 'custom']),
    name: z.string().nullable(),
    title: z.string().nullable(),
    body: z.string().nullable(),
    data: z.record(z.string(), z.string()),
  }),
]);
export type PushContent = z.infer<typeof PushContent>;
export type PushType = PushContent['type'];

/** One attempt to bring one push to its target, as the notifier gets it. */
export const ClaimedPush = z.object({
  id: PushId,
  /** Counted from 1. A result counts only for the attempt that is under way. */
  attempt: z.int().positive(),
  address: PushAddress,
  language: PushLanguage,
  content: PushContent,
  /** Pushes with the same key replace each other where they wait: a stop replaces its ring. */
  collapseKey: z.string().nullable(),
  /** Milliseconds until nobody wants it any more, by the database's clock when it was claimed. */
  expiresInMs: z.number(),
});
export type ClaimedPush = z.infer<typeof ClaimedPush>;

/** `POST /internal/pushes/claim`: of these, those that are still to be sent; the others are done, stale or another attempt's. */
export const ClaimPushesRequest = z.object({
  pushes: z
    .array(z.object({ id: PushId, attempt: z.int().positive() }))
    .min(1)
    .max(500),
});
export const ClaimPushesResponse = z.object({ pushes: z.array(ClaimedPush) });

/** What became of one attempt. */
export const PushResult = z.discriminatedUnion('outcome', [
  /** `providerId`: the provider's own id of the message, where it gives one. */
  z.object({ outcome: z.literal('accepted'), id: PushId, attempt: z.int(), providerId: z.string().nullable() }),
  /** The target does not exist any more: it is deleted if it is still the same one. */
  z.object({ outcome: z.literal('target_gone'), id: PushId, attempt: z.int(), error: z.string() }),
  /** Refused for good. */
  z.object({ outcome: z.literal('failed'), id: PushId, attempt: z.int(), error: z.string() }),
  /** To be tried again, not before `retryAfterMs` where the provider (or the breaker) said so. */
  z.object({ outcome: z.literal('retry'), id: PushId, attempt: z.int(), error: z.string(), retryAfterMs: z.number().nullable() }),
  /** Its time was over before it could be sent. */
  z.object({ outcome: z.literal('expired'), id: PushId, attempt: z.int() }),
]);
export type PushResult = z.infer<typeof PushResult>;

/** `POST /internal/pushes/results`; sent again where no answer came: recording a result twice changes nothing. */
export const PushResultsRequest = z.object({ results: z.array(PushResult).min(1).max(500) });

/** A job of the `push` queue. The row is the truth: a job that is lost is enqueued again by the sweep, under the next attempt. */
export const PushJob = z.object({ pushes: ClaimPushesRequest.shape.pushes, traceparent: Traceparent.optional() });
export type PushJob = z.infer<typeof PushJob>;
