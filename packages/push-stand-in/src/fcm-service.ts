import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Answer } from './answer.ts';
import type { ReceivedFcm } from './received-push.ts';

const strings = z.record(z.string(), z.string());
const Duration = z.string().regex(/^\d+(\.\d+)?s$/);

/** The message of FCM's HTTP v1 API as far as it is used; an unknown field or a value that is no string is refused, as there. */
const FcmMessage = z
  .strictObject({
    token: z.string().min(1).optional(),
    fid: z.string().min(1).optional(),
    data: strings.optional(),
    notification: strings.optional(),
    android: z
      .strictObject({ collapse_key: z.string().optional(), priority: z.enum(['normal', 'high']).optional(), ttl: Duration.optional() })
      .optional(),
    apns: z.strictObject({ headers: strings.optional(), payload: z.record(z.string(), z.unknown()).optional() }).optional(),
    webpush: z.strictObject({ headers: strings.optional() }).optional(),
  })
  .refine(({ token, fid }) => (token === undefined) !== (fid === undefined), 'exactly one of token and fid');
export type FcmMessage = z.infer<typeof FcmMessage>;

const LARGEST_BYTES = 4096;
const RESERVED_KEY = /^(?:from|message_type|google\.|gcm\.)/;

/** FCM's own words for the statuses that matter here. */
const ERRORS: ReadonlyMap<number, { status: string; code: string }> = new Map([
  [400, { status: 'INVALID_ARGUMENT', code: 'INVALID_ARGUMENT' }],
  [401, { status: 'UNAUTHENTICATED', code: 'THIRD_PARTY_AUTH_ERROR' }],
  [403, { status: 'PERMISSION_DENIED', code: 'SENDER_ID_MISMATCH' }],
  [404, { status: 'NOT_FOUND', code: 'UNREGISTERED' }],
  [429, { status: 'RESOURCE_EXHAUSTED', code: 'QUOTA_EXCEEDED' }],
  [500, { status: 'INTERNAL', code: 'INTERNAL' }],
  [503, { status: 'UNAVAILABLE', code: 'UNAVAILABLE' }],
]);

export const fcmRefusal = (status: number, message: string): Answer => {
  const error = ERRORS.get(status) ?? { status: 'UNKNOWN', code: 'UNSPECIFIED_ERROR' };
  const details = [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: error.code }];
  return { status, headers: {}, body: { error: { code: status, message, status: error.status, details } } };
};

export const fcmAcceptance = (project: string): Answer => ({
  status: 200,
  headers: {},
  body: { name: `projects/${project}/messages/0:${randomBytes(8).toString('hex')}` },
});

/** What an iPhone shows counts too: it goes to Apple in one piece with the data. */
const isTooMuch = ({ data = {}, apns }: FcmMessage): boolean => {
  const shown = apns?.payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(apns.payload));
  return Object.entries(data).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), shown) > LARGEST_BYTES;
};

/** What FCM would make of a request's body: the push, or what is wrong with it. */
export const readFcm = (project: string, body: unknown): Omit<ReceivedFcm, 'status'> | { problem: string } => {
  const parsed = z.object({ message: FcmMessage }).safeParse(body);
  if (!parsed.success) return { problem: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') };
  const { message } = parsed.data;
  if (isTooMuch(message)) return { problem: 'Message too big' };
  const reserved = Object.keys(message.data ?? {}).find((key) => RESERVED_KEY.test(key));
  if (reserved !== undefined) return { problem: `Invalid data payload key: ${reserved}` };
  const kind = message.token === undefined ? 'fid' : 'token';
  return { provider: 'fcm', at: Date.now(), project, target: message[kind] ?? '', kind, message };
};
