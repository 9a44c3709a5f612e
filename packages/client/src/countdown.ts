/** A timer does not take more. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs `onOver` when `milliseconds` have passed by the monotonic clock: setting a host's clock changes nothing. */
export class Countdown {
  readonly #endsAt: number;
  readonly #onOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number, onOver: () => void) {
    this.#endsAt = performance.now() + milliseconds;
    this.#onOver = onOver;
    this.#arm();
  }

  get msLeft(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    this.#timer = setTimeout(
      () => {
        // A timer may fire early, or be longer than timers go.
        if (this.msLeft > 0) this.#arm();
        else this.#onOver();
      },
      Math.min(Math.ceil(this.msLeft), LONGEST_TIMER_MS),
    );
  }
}
