import type { WebSocket } from 'ws';

/** Resolves with the close code when a client's connection is over, be it by a reset: `once` of node:events would reject for that. */
export const closed = (client: WebSocket): Promise<number> =>
  new Promise((resolve) => void client.on('error', () => undefined).once('close', resolve));
