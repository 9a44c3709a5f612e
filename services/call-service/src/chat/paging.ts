import { z } from 'zod';

const MAX_PAGE = 1_000_000;
const MAX_LIMIT = 100;

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,7}$/, `must be a whole number from 1 to ${max}`)
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(max, `must be at most ${max}`));

/** Pages are counted from 1. */
export const page = () => wholeNumber(MAX_PAGE).default(1);

export const pageSize = (usual: number) => wholeNumber(MAX_LIMIT).default(usual);
