import type { Writable } from 'node:stream';

const uncork = (stream: Writable): void => stream.uncork();

/** What this turn of the event loop still writes to the stream leaves in one write: each would be a system call of its own. What is alone waits for nothing. */
export const writeTogether = (stream: Writable): void => {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(uncork, stream);
};
