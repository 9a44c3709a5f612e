import { CallState, PushContent } from '@trunkline/contract';
import { z } from 'zod';
import type { LiveView } from '../../live/live-reader.ts';
import { PushQuery } from '../../live/live-routes.ts';
import type { Operations } from '../operation.ts';

const milliseconds = z.number().nullable();
const seconds = z.number().nullable();

const Live: z.ZodType<LiveView> = z
  .object({
    at: z.iso.datetime(),
    gateways: z.array(z.object({ gatewayId: z.string(), calls: z.int(), chats: z.int() })).describe('How many connections each holds'),
    calls: z.partialRecord(CallState.exclude(['ENDED', 'REJECTED', 'CANCELLED', 'MISSED', 'FAILED']), z.int()),
    waiting: z.object({
      outboxEvents: z.int(),
      outboxOldestSeconds: seconds,
      pushes: z.int(),
      pushOldestSeconds: seconds,
      overdueSeconds: seconds.describe('How late the oldest deadline is'),
    }),
    recent: z.object({
      minutes: z.int(),
      bucketSeconds: z.int(),
      isSample: z.boolean().describe('There were more calls: these are the newest'),
      buckets: z.array(
        z.object({
          at: z.number().describe('Epoch seconds at which it begins'),
          placed: z.int(),
          answered: z.int(),
          unanswered: z.int(),
          ringMsP50: milliseconds,
          ringMsP95: milliseconds,
        }),
      ),
    }),
  })
  .meta({ id: 'Live' });

const Sending = z
  .object({
    id: z.uuid(),
    notificationId: z.uuid(),
    userId: z.string(),
    type: z.string(),
    callId: z.string().nullable(),
    status: z.string(),
    attempts: z.int(),
    error: z.string().nullable(),
    providerId: z.string().nullable(),
    content: PushContent,
    createdAt: z.iso.datetime(),
    doneAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime(),
    provider: z.string().nullable().describe('null: the target is gone'),
    platform: z.string().nullable(),
    deviceId: z.string().nullable(),
  })
  .meta({ id: 'PushSending' });

export const LIVE_OPERATIONS: Operations = {
  'GET /v1/server/live': {
    tag: 'server',
    summary: 'What goes on now',
    asks: 'server',
    answers: { 200: { what: 'Connections, calls, what waits, and the last minutes', schema: Live } },
  },
  'GET /v1/server/pushes': {
    tag: 'server',
    summary: 'What was pushed: of a call, of a user, or of everybody',
    asks: 'server',
    query: PushQuery,
    answers: { 200: { what: 'The newest first', schema: z.object({ items: z.array(Sending) }) } },
  },
};
