import { ERRORS, type Refusal, refusal } from '@trunkline/contract';
import type { Response } from 'express';
import type { z } from 'zod';

/** A refusal that may name the field that was wrong. */
export type FieldRefusal = Refusal & { field?: string | undefined };

/** Errors under `/v1`, where an answer is the bare object: `{error: {code, message, field?, status?}}`. */
export const refusePlainly = (response: Response, { code, message, field, status, retryAfterSeconds }: FieldRefusal): void => {
  if (retryAfterSeconds !== undefined) response.set('retry-after', String(retryAfterSeconds));
  response
    .status(ERRORS[code].http)
    .set('x-error-code', code)
    .json({ error: { code, message, ...(field === undefined ? {} : { field }), ...(status === undefined ? {} : { status }) } });
};

const fieldIn = ({ path, ...issue }: z.core.$ZodIssue): string | undefined => {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  return [...path.map(String), ...unknown].join('.') || undefined;
};

/** What came, as the schema has it; null where it was refused, with the field that was wrong. */
export const bodyOrRefuse = <Schema extends z.ZodType>(schema: Schema, given: unknown, response: Response): z.output<Schema> | null => {
  const parsed = schema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined ? undefined : fieldIn(issue);
  const message = [...(field === undefined ? [] : [field]), issue?.message ?? 'is not understood'].join(': ');
  refusePlainly(response, { ...refusal('parse_error', { message }), field });
  return null;
};
