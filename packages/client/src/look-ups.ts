import type { CallView } from '@trunkline/contract';
import { fullJitter } from './backoff.ts';
import type { HeldCall } from './call-register.ts';
import { asTrunklineError } from './trunkline-error.ts';

export interface LookUpsOptions {
  /** How the call stands on the server. @throws TrunklineError */
  read(callId: string): Promise<CallView>;
  held(callId: string): HeldCall | undefined;
}

const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 1000;
const WORTH_REPEATING: ReadonlySet<string> = new Set(['unreachable', 'service_error', 'rate_limited']);

/** Asks how calls stand of which something may have been missed. */
export class LookUps {
  readonly #options: LookUpsOptions;
  readonly #running = new Set<string>();
  #isClosed = false;

  constructor(options: LookUpsOptions) {
    this.#options = options;
  }

  lookUp(callId: string): void {
    if (this.#running.has(callId)) return;
    this.#running.add(callId);
    void this.#attempt(callId, 1);
  }

  close(): void {
    this.#isClosed = true;
  }

  async #attempt(callId: string, attempt: number): Promise<void> {
    try {
      const view = await this.#options.read(callId);
      this.#running.delete(callId);
      if (!this.#isClosed) this.#options.held(callId)?.learn(view);
    } catch (error) {
      if (attempt < MAX_ATTEMPTS && !this.#isClosed && WORTH_REPEATING.has(asTrunklineError(error).code))
        setTimeout(() => void this.#attempt(callId, attempt + 1), fullJitter(FIRST_PAUSE_MS * 2 ** attempt));
      else this.#running.delete(callId);
    }
  }
}
