const RANDOM_BYTES = 16;

/** An id for a call, a request or a message. `crypto.randomUUID` needs a secure context, which a page without TLS is not. */
export const mintId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('');
