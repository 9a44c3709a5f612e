/** One life of an attacker: a connection, and what it does with it. */
export interface Life {
  /** A gateway's URL, `http:`. */
  readonly gateway: string;
  readonly token: string;
  /** The loopback address that it comes from. */
  readonly localAddress: string;
  random(): number;
  /** How often it acts, 1 being as often as it means to. */
  readonly pace: number;
  /** Aborted when the siege is over. */
  readonly signal: AbortSignal;
  /** Counts what was sent, in the attack's own unit. */
  sent(count: number): void;
}

export interface Attack {
  readonly name: string;
  /** What its `sent` counts. */
  readonly unit: string;
  /** Resolves when the server has ended the connection, or the siege is over. */
  live(life: Life): Promise<void>;
}
