import { z } from 'zod';
import { MAX_REASON_LENGTH } from './call.ts';
import { storableText } from './ids.ts';

/** What the app's backend is told by webhook. */
export const WebhookType = z.enum([
  'call.placed',
  'call.ringing',
  'call.accepted',
  'call.rejected',
  'call.cancelled',
  'call.missed',
  'call.connected',
  'call.ended',
  'call.failed',
  'message.sent',
  'message.read',
  'notification.failed',
  'user.online',
  'user.offline',
]);
export type WebhookType = z.infer<typeof WebhookType>;

/** The headers of a signed request (Standard Webhooks 1.0). */
export const WEBHOOK_HEADERS = { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' } as const;

/** Cut where it is too long, and never through a character. */
const cut = (text: string): string =>
  text.length <= MAX_REASON_LENGTH ? text : text.slice(0, MAX_REASON_LENGTH).replace(/\p{Surrogate}$/u, '');

/** What a denied caller is told. A reason that cannot be told MUST NOT void the deny: an open gate would let the call ring. */
const DenyReason = z.string().transform(cut).pipe(storableText(MAX_REASON_LENGTH).regex(/\S/)).catch('This call is not allowed');

/** What the hook that is asked before a call rings answers. What else it says is ignored. */
export const HookAnswer = z.discriminatedUnion('action', [
  z.object({ action: z.literal('allow') }),
  /** The caller is refused, and reads `reason` where its app shows it. */
  z.object({ action: z.literal('deny'), reason: DenyReason }),
  /** The call is placed and reaches nobody, as if the callee had blocked the caller. */
  z.object({ action: z.literal('silence') }),
]);
export type HookAnswer = z.infer<typeof HookAnswer>;
