import type { Delivery } from '@trunkline/contract';
import type { DeliveryReports } from './delivery-reports.ts';

const MAX_UNCERTAIN = 64;
/** A probe costs as much as the stop that it asks about. */
const APART_MS = 1000;

/** See `ClientSocket.probe`. */
interface Probed {
  probe(onSign: () => void): void;
}

/**
 * Reports the stops that one session got. Written is not got: a half-open socket takes what nobody hears, and a stop that counts
 * as told is never told again. One that is not reported may be told twice, which is harmless.
 */
export class StopReports {
  readonly #deliveries: Pick<DeliveryReports, 'add'>;
  readonly #client: Probed;
  /** Written after the last probe; beyond the limit, a stop is not reported. */
  #uncertain: Delivery[] = [];
  #isProbing = false;
  /** Runs until the session may be asked again. */
  #rest: NodeJS.Timeout | null = null;

  constructor(deliveries: Pick<DeliveryReports, 'add'>, client: Probed) {
    this.#deliveries = deliveries;
    this.#client = client;
  }

  written(stop: Delivery): void {
    if (this.#uncertain.length < MAX_UNCERTAIN) this.#uncertain.push(stop);
    this.#probe();
  }

  /** The session is over: nothing is asked any more. */
  end(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#uncertain = [];
  }

  #probe(): void {
    if (this.#isProbing || this.#rest !== null || this.#uncertain.length === 0) return;
    const probed = this.#uncertain;
    this.#uncertain = [];
    this.#isProbing = true;
    this.#rest = setTimeout(() => {
      this.#rest = null;
      this.#probe();
    }, APART_MS).unref();
    this.#client.probe(() => {
      this.#isProbing = false;
      for (const stop of probed) this.#deliveries.add(stop);
      this.#probe();
    });
  }
}
