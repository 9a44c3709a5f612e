import type { Delivery } from '@trunkline/contract';
import type { DeliveryReports } from './delivery-reports.ts';

const MAX_UNCERTAIN = 64;

export interface StopReportsOptions {
  readonly deliveries: Pick<DeliveryReports, 'add'>;
  /** See `ClientSocket.probe`. */
  probe(onSign: () => void): void;
}

/**
 * Reports the stops that one session got. Written is not got: a half-open socket takes what nobody hears, and a stop that counts
 * as told is never told again. One that is not reported may be told twice, which is harmless.
 */
export class StopReports {
  readonly #options: StopReportsOptions;
  /** Written after the last probe; beyond the limit, a stop is not reported. */
  #uncertain: Delivery[] = [];
  #isProbing = false;

  constructor(options: StopReportsOptions) {
    this.#options = options;
  }

  written(stop: Delivery): void {
    if (this.#uncertain.length < MAX_UNCERTAIN) this.#uncertain.push(stop);
    if (!this.#isProbing) this.#probe();
  }

  #probe(): void {
    const probed = this.#uncertain;
    this.#uncertain = [];
    this.#isProbing = probed.length > 0;
    if (!this.#isProbing) return;
    this.#options.probe(() => {
      for (const stop of probed) this.#options.deliveries.add(stop);
      this.#probe();
    });
  }
}
