import { CallView, CLOSE_CODES, type CloseReason, ErrorCode } from '@trunkline/contract';
import { z } from 'zod';

/** In every dialect of calls alike. */
export const CallAcknowledgement = z
  .union([
    z.strictObject({ ok: z.literal(true), success: z.literal(true), call: CallView }),
    z.strictObject({ ok: z.literal(true), success: z.literal(true) }).describe('A refreshed token'),
    z.strictObject({
      ok: z.literal(false),
      error: z.strictObject({
        code: ErrorCode,
        message: z.string(),
        callId: z.string().nullable(),
        status: z.string().optional().describe('The state that won'),
      }),
    }),
  ])
  .meta({ id: 'CallAcknowledgement' });

export const CallError = z
  .strictObject({ callId: z.string().nullable(), errorType: ErrorCode, message: z.string() })
  .meta({ id: 'CallError' });

/** What Socket.IO clients are told before we close. */
export const Closing = z
  .strictObject({
    code: z.int(),
    reason: z.enum(Object.keys(CLOSE_CODES) as [CloseReason, ...CloseReason[]]),
    reconnect: z.boolean(),
    reconnectInMs: z.number().optional().describe('When to come back, where one may'),
  })
  .meta({ id: 'Closing' });

export const IsoTime = z.iso.datetime();
/** Epoch milliseconds of the server's clock. */
export const EpochTime = z.number();
/** A participant, or `system`. */
export const EndedBy = z.string();

export const SystemEndReason = z.string().optional().describe('Only where no person ended the call');
