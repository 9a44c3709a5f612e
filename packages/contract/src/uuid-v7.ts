const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
const IDS_A_POOL = 400;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Asking for randomness costs more than the rest of an id, so it is taken for many at once; each byte is used once. */
const pool = new Uint8Array(IDS_A_POOL * RANDOM_BYTES);
let used = pool.length;

const freshRandom = (): Uint8Array => {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += RANDOM_BYTES;
  return pool.subarray(used - RANDOM_BYTES, used);
};

/** A UUIDv7 (RFC 9562 section 5.7) of the time `at`, in epoch milliseconds, and ten random bytes. */
export const uuidv7 = (at: number = Date.now(), random: Uint8Array = freshRandom()): string => {
  const hex = (byte: number | undefined): string => HEX[(byte ?? 0) & 0xff] ?? '';
  const time = (index: number): string => hex(Math.floor(at / 256 ** (TIME_BYTES - 1 - index)) % 256);
  const [r0 = 0, r1, r2 = 0, r3, r4, r5, r6, r7, r8, r9] = random;
  const [version, variant] = [hex(0x70 | (r0 & 0x0f)), hex(0x80 | (r2 & 0x3f))];
  const start = `${time(0)}${time(1)}${time(2)}${time(3)}-${time(4)}${time(5)}-${version}${hex(r1)}`;
  return `${start}-${variant}${hex(r3)}-${hex(r4)}${hex(r5)}${hex(r6)}${hex(r7)}${hex(r8)}${hex(r9)}`;
};
