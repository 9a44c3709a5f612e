import type { Child, RedisCounts } from './child.ts';

/** Counts what gateways hear from Redis between two moments. */
export class RedisMeter {
  readonly #gateways: readonly Child[];
  readonly #port: number;
  readonly #readings: Promise<RedisCounts>[] = [];

  constructor(gateways: readonly Child[], port: number) {
    this.#gateways = gateways;
    this.#port = port;
  }

  async start(): Promise<void> {
    await Promise.all(this.#gateways.map((gateway) => gateway.countRedis(this.#port)));
  }

  /** The first call begins the measurement, the second ends it. */
  mark(): void {
    this.#readings.push(this.#read());
  }

  /** Of all gateways together. @throws when there was not one mark at each end */
  async between(): Promise<RedisCounts> {
    const [first, last] = await Promise.all(this.#readings);
    if (first === undefined || last === undefined) throw new Error('what Redis sent was not read twice');
    return { messages: last.messages - first.messages, bytes: last.bytes - first.bytes };
  }

  async #read(): Promise<RedisCounts> {
    const all = await Promise.all(this.#gateways.map((gateway) => gateway.redisCounts()));
    return {
      messages: all.reduce((total, { messages }) => total + messages, 0),
      bytes: all.reduce((total, { bytes }) => total + bytes, 0),
    };
  }
}
