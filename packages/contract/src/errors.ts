import { z } from 'zod';

export const ErrorCode = z.enum([
  'call_not_found',
  'chat_not_found',
  'not_found',
  'unauthenticated',
  'unauthorized',
  'invalid_status',
  'parse_error',
  'conflict',
  'rate_limited',
  'service_error',
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

interface ErrorEntry {
  http: number;
  /** Whether the same request may succeed later, unchanged. */
  retryable: boolean;
  message: string;
}

/** Every error that a client can be shown. `docs/errors.md` lists the same, kept equal by a test. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = {
  call_not_found: { http: 404, retryable: false, message: 'There is no such call' },
  chat_not_found: { http: 404, retryable: false, message: 'There is no such chat' },
  not_found: { http: 404, retryable: false, message: 'There is no such thing here' },
  unauthenticated: { http: 401, retryable: false, message: 'The token is missing, invalid or expired' },
  unauthorized: { http: 403, retryable: false, message: 'You may not do this to this call' },
  invalid_status: { http: 400, retryable: false, message: 'The call is not in a state that allows this' },
  parse_error: { http: 400, retryable: false, message: 'The request could not be understood' },
  conflict: { http: 409, retryable: false, message: 'This id was already used for something else' },
  rate_limited: { http: 429, retryable: true, message: 'Too many requests' },
  service_error: { http: 500, retryable: true, message: 'Something went wrong on our side' },
};

/** A refusal, as every edge words it for its clients. Refusals are values: pure code never throws them. */
export const Refusal = z.object({
  code: ErrorCode,
  message: z.string(),
  /** The call's id as the client named it. */
  callId: z.string().optional(),
  /** The state that won, where the refusal is about the call's state (invariant 2). */
  status: z.string().optional(),
  /** When the same request may be sent again, where it came too often. */
  retryAfterSeconds: z.int().positive().optional(),
});
export type Refusal = z.infer<typeof Refusal>;

export const refusal = (
  code: ErrorCode,
  details: { message?: string; callId?: string | undefined; status?: string | undefined } = {},
): Refusal => ({
  code,
  message: details.message ?? ERRORS[code].message,
  ...(details.callId === undefined ? {} : { callId: details.callId }),
  ...(details.status === undefined ? {} : { status: details.status }),
});
