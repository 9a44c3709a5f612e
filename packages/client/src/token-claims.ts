/** What a client reads of its own token; the server alone verifies it. Times are epoch seconds. */
export interface TokenClaims {
  readonly sub?: string;
  readonly exp?: number;
  readonly iat?: number;
}

/** The claims of a JWT (RFC 7519), or none where it is no such token. */
export const claimsOf = (token: string): TokenClaims => {
  try {
    const payload = token.split('.')[1] ?? '';
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
};

/**
 * Milliseconds until a token that came at `now` ends; null where it does not say. A clock that is behind is put right by
 * the time of issue; by one that says that a new token has ended already, its whole life is taken.
 */
export const lifeLeft = ({ exp, iat }: TokenClaims, now: number): number | null => {
  if (typeof exp !== 'number') return null;
  const issuedAt = typeof iat === 'number' ? iat * 1000 : Number.NEGATIVE_INFINITY;
  const left = exp * 1000 - Math.max(now, issuedAt);
  if (left > 0) return left;
  return typeof iat === 'number' && exp > iat ? (exp - iat) * 1000 : null;
};
