import { z } from 'zod';

/** A number in a query string, from 1 to `max`. */
export const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,7}$/, `must be a whole number from 1 to ${max}`)
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(max, `must be at most ${max}`));
