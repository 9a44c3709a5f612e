import type { Writable } from 'node:stream';

/** What this turn of the event loop still writes to the stream leaves in one write: each would be a system call of its own. */
export const writeTogether = (stream: Writable): void => {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
};
