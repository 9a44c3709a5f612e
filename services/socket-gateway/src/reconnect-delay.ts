const LONGEST_MS = 2000;

/** When a client that is closed had best come back, in milliseconds: at random, so that those of one gateway do not come at once. */
export const reconnectDelayMs = (): number => Math.round(Math.random() * LONGEST_MS);
