const LONGEST_MS = 86_400_000;

/** Milliseconds of a `Retry-After` header (RFC 9110 section 10.2.3: seconds or a date), a day at most; null where it says nothing. */
export const retryAfterMs = (header: unknown, now: number): number | null => {
  if (typeof header !== 'string' || header === '') return null;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(milliseconds) ? null : Math.min(Math.max(milliseconds, 0), LONGEST_MS);
};
