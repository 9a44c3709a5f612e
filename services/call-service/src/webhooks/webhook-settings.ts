import { httpUrl, integer, type Rule } from '@trunkline/service-kit';
import { z } from 'zod';
import { secretOf } from './sign.ts';

export const webhookSettings = {
  WEBHOOK_URL: httpUrl().optional().describe("Where webhooks to the app's backend go, which may be inside; nothing is sent where unset"),
  WEBHOOK_SECRET: z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter((secret) => secret !== ''))
    .refine(
      (secrets) => secrets.length > 0 && secrets.every((secret) => secretOf(secret) !== null),
      'must be whsec_ and 24 to 64 bytes as base64',
    )
    .optional()
    .describe(
      'Signs webhooks and the pre-ring hook: `whsec_…`. Several, separated by blanks or commas, sign side by side while one is replaced',
    ),
  WEBHOOK_TIMEOUT_MS: integer(100, 60_000).default(10_000).describe('How long the receiver of a webhook may take to answer'),
  WEBHOOK_CONCURRENCY: integer(1, 1000).default(32).describe('How many webhooks one replica sends at once'),
  WEBHOOK_KEEP_HOURS: integer(0, 8760)
    .default(168)
    .describe('How long webhooks that were delivered or given up are kept, to be sent again on request'),
  PRE_RING_HOOK_URL: httpUrl().optional().describe('What is asked before a call rings; nobody where unset'),
  PRE_RING_HOOK_FAIL: z
    .enum(['open', 'closed'])
    .default('open')
    .describe('Without an answer of the pre-ring hook within 500 ms: `open` lets the call ring, `closed` refuses it'),
};

/** Nothing leaves unsigned. */
export const requireWebhookSecret: Rule<z.output<z.ZodObject<typeof webhookSettings>>> = {
  judgeGiven: (given, context) => {
    const isNeeded = given.WEBHOOK_URL !== undefined || given.PRE_RING_HOOK_URL !== undefined;
    if (isNeeded && given.WEBHOOK_SECRET === undefined)
      context.addIssue({
        code: 'custom',
        path: ['WEBHOOK_SECRET'],
        message: 'is needed to sign what goes to WEBHOOK_URL and PRE_RING_HOOK_URL',
      });
  },
};
