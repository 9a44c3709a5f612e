import { z } from 'zod';
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

/** What the hook that is asked before a call rings answers. */
export const HookAnswer = z.discriminatedUnion('action', [
  z.object({ action: z.literal('allow') }),
  /** The caller is refused, and reads `reason` where its app shows it. */
  z.object({ action: z.literal('deny'), reason: storableText(200).min(1).default('This call is not allowed') }),
  /** The call is placed and reaches nobody, as if the callee had blocked the caller. */
  z.object({ action: z.literal('silence') }),
]);
export type HookAnswer = z.infer<typeof HookAnswer>;
