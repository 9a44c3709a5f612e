/** What an attempt showed of its provider. `unknown`: it ended before it could show anything. */
export type Health = 'up' | 'down' | 'unknown';

export interface BreakerOptions {
  /** So many outages in a row open it. */
  failures: number;
  /** How long it then stays open, where the provider asked for no longer. */
  openMs: number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

export interface Breaker {
  /** 0 when an attempt may start, which MUST then be recorded; else the milliseconds to wait. Half-open, one attempt at a time may. */
  admit(): number;
  /** Whether it keeps us from the provider, or lets one attempt find out. */
  isOpen(): boolean;
  /** Tells what changed by it, if anything did. An unknown health ends a probe, and MUST change nothing else. */
  record(health: Health, retryAfterMs: number | null): 'opened' | 'closed' | null;
}

/** What a half-open breaker tells those that would go along with the probe. */
const PROBE_MS = 1000;
/** A provider that asks for longer is probed all the same. */
const LONGEST_OPEN_MS = 60_000;

/** Keeps us from a provider that is down: closed, open, half-open with one probe at a time. */
export const createBreaker = ({ failures, openMs, now }: BreakerOptions): Breaker => {
  let outages = 0;
  let openUntil: number | null = null;
  let isProbing = false;

  return {
    admit: () => {
      if (openUntil === null) return 0;
      const left = openUntil - now();
      if (left > 0) return left;
      if (isProbing) return PROBE_MS;
      isProbing = true;
      return 0;
    },
    isOpen: () => openUntil !== null,
    record: (health, retryAfterMs) => {
      isProbing = false;
      if (health === 'unknown') return null;
      if (health === 'up') {
        const wasOpen = openUntil !== null;
        outages = 0;
        openUntil = null;
        return wasOpen ? 'closed' : null;
      }
      outages += 1;
      if (outages < failures) return null;
      const isNew = openUntil === null;
      openUntil = now() + Math.min(Math.max(openMs, retryAfterMs ?? 0), LONGEST_OPEN_MS);
      return isNew ? 'opened' : null;
    },
  };
};
