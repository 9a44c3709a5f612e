const TIME_DIGITS = 12;
const RANDOM_BYTES = 10;

/** An id for a call or a request: sorts by time, never comes twice. `crypto.randomUUID` needs a secure context; this does not. */
export const mintId = (): string => {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  const time = Date.now().toString(16).padStart(TIME_DIGITS, '0');
  return time + Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
};
