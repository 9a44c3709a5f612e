import { residentKilobytes } from '../system/processes.ts';
import type { System } from '../system/system.ts';

const LOOK_EVERY_MS = 100;

const megabytes = (pid: number): number => (residentKilobytes(pid) ?? 0) / 1024;

/** Looks at the gateways' memory all the time. */
export class GatewayWatch implements Disposable {
  readonly #system: System;
  readonly #before: readonly number[];
  readonly #peaks: number[];
  readonly #timer: NodeJS.Timeout;

  constructor(system: System) {
    this.#system = system;
    this.#before = system.gateways.map(({ pid }) => megabytes(pid));
    this.#peaks = [...this.#before];
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    for (const [index, { pid }] of this.#system.gateways.entries()) {
      this.#peaks[index] = Math.max(this.#peaks[index] ?? 0, megabytes(pid));
    }
  }

  /** By how many megabytes the gateway that grew most was larger at its largest. */
  get growth(): number {
    return Math.max(...this.#peaks.map((peak, index) => peak - (this.#before[index] ?? 0)));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
