import { ERRORS, type Refusal } from '@trunkline/contract';
import type { Response } from 'express';

/** REST answers as Chattrix's specification wraps them. Its errors have no code, so that goes into a header. */
export const answerWith = (response: Response, status: number, message: string, data: unknown): void => {
  response.status(status).json({ success: true, message, data });
};

export const refuseWith = (response: Response, { code, message, retryAfterSeconds }: Refusal): void => {
  if (retryAfterSeconds !== undefined) response.set('retry-after', String(retryAfterSeconds));
  response.status(ERRORS[code].http).set('x-error-code', code).json({ success: false, message, data: null });
};
