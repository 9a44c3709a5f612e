/** Loaded before a service that is watched, which then answers every message with the bytes that it holds when nothing is garbage. */
process.on('message', () => {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ liveBytes: heapUsed + external });
});
// Being asked is no reason to stay.
process.channel?.unref();
