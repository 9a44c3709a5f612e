/**
 * Whether a request may come in. Browsers always name their origin; native apps name none. The match is exact, so an
 * opaque origin (`null`), which cannot be listed, is refused.
 */
export const isAllowedOrigin = (origin: string | undefined, allowed: readonly string[]): boolean =>
  origin === undefined || allowed.includes(origin);
