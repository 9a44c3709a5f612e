import { ERRORS, type Refusal } from '@trunkline/contract';
import type { Response } from 'express';

/** A refusal that may name the field that was wrong. */
export type FieldRefusal = Refusal & { field?: string | undefined };

/** Errors under `/v1`, where an answer is the bare object: `{error: {code, message, field?}}`. */
export const refusePlainly = (response: Response, { code, message, field, retryAfterSeconds }: FieldRefusal): void => {
  if (retryAfterSeconds !== undefined) response.set('retry-after', String(retryAfterSeconds));
  response.status(ERRORS[code].http).json({ error: { code, message, ...(field === undefined ? {} : { field }) } });
};
