import { ERRORS, type Refusal } from '@trunkline/contract';
import type { Response } from 'express';

/** REST answers as Chattrix's specification wraps them. */
export const answerWith = (response: Response, status: number, message: string, data: unknown): void => {
  response.status(status).json({ success: true, message, data });
};

export const refuseWith = (response: Response, { code, message }: Pick<Refusal, 'code' | 'message'>): void => {
  response.status(ERRORS[code].http).json({ success: false, message, data: null });
};
