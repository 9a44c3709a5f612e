import { ERRORS, type Refusal } from '@trunkline/contract';
import type { Response } from 'express';

/** REST answers as Chattrix's specification wraps them. */
export const answerWith = (response: Response, status: number, message: string, data: unknown): void => {
  response.status(status).json({ success: true, message, data });
};

export const refuseWith = (response: Response, { code, message, retryAfterSeconds }: Refusal): void => {
  if (retryAfterSeconds !== undefined) response.set('retry-after', String(retryAfterSeconds));
  response.status(ERRORS[code].http).json({ success: false, message, data: null });
};
