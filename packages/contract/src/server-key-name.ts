import { z } from 'zod';

/** What a key of the server API is called, where it is made. */
export const ServerKeyName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1–64 characters of A–Z, a–z, 0–9, ".", "_" and "-"')
  .refine((name) => !name.startsWith('environment-'), 'must not begin with "environment-", as the keys of SERVER_API_KEYS do');
