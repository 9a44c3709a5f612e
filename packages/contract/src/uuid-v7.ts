const TIME_BYTES = 6;
const RANDOM_BYTES = 10;

/** A UUIDv7 (RFC 9562 section 5.7) of the time `at`, in epoch milliseconds, and ten random bytes. */
export const uuidv7 = (at: number = Date.now(), random: Uint8Array = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))): string => {
  const bytes = new Uint8Array(TIME_BYTES + RANDOM_BYTES);
  for (let index = 0; index < TIME_BYTES; index += 1) bytes[index] = Math.floor(at / 256 ** (TIME_BYTES - 1 - index)) % 256;
  bytes.set(random, TIME_BYTES);
  bytes[6] = 0x70 | ((random[0] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((random[2] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
