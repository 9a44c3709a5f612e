import { TokenBucket } from './token-bucket.ts';

/** Signals that one connection may send: a device that connects its media sends some tens at once, and then hardly any. */
export const createSignalLimit = (): TokenBucket => new TokenBucket({ capacity: 100, perSecond: 20 });
