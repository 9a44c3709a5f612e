/** How long to wait before the next attempt, at most. */
export interface ReconnectTiming {
  /** Where a call lives or a command waits: the first wait is at most this long, each further one twice as long. */
  readonly busyMs: number;
  /** No wait is longer; while idle, each is anything up to it, so that a gateway's clients do not all come at once. */
  readonly maxMs: number;
}

/** The longest wait before attempt number `attempt`, counted from 0. */
export const waitWindow = ({ busyMs, maxMs }: ReconnectTiming, attempt: number, isBusy: boolean): number =>
  isBusy ? Math.min(maxMs, busyMs * 2 ** attempt) : maxMs;

/** Full jitter: any time up to `windowMs`, each as likely. */
export const fullJitter = (windowMs: number, random: () => number = Math.random): number => Math.floor(random() * windowMs);
