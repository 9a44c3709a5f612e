import { MessageId } from '@trunkline/contract';

const TIME_DIGITS = 12;
const SEQ_LOW_BITS = 20;
const SEQ_LOW_MASK = 2 ** SEQ_LOW_BITS - 1;
const VARIANT = 0b10;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * A UUIDv7 (RFC 9562, with the counter of its section 6.2) of the time `at` and the message's number in its chat. So ids
 * of one chat sort as its messages do, and an id leads to its row without an index of its own.
 */
export const messageIdOf = (at: number, seq: number, random: Uint8Array = crypto.getRandomValues(new Uint8Array(6))): MessageId => {
  const time = hex(at, TIME_DIGITS);
  const low = seq & SEQ_LOW_MASK;
  const tail = [...random].map((byte) => hex(byte, 2)).join('');
  // Two bits of variant, 20 bits of the number, 42 bits of chance: 16 + 48.
  const middle = hex((VARIANT << 14) | (low >> 6), 4);
  const lastSix = (low & 0b111111) << 2;
  const end = hex(lastSix | ((random[0] ?? 0) & 0b11), 2) + tail.slice(2);
  return MessageId.parse(`${time.slice(0, 8)}-${time.slice(8)}-7${hex(seq >>> SEQ_LOW_BITS, 3)}-${middle}-${end}`);
};

/** Where the message with this id must be, if there is one. */
export const placeOf = (id: string): { at: number; seq: number } => {
  const digits = id.replaceAll('-', '');
  const high = Number.parseInt(digits.slice(13, 16), 16);
  const middle = Number.parseInt(digits.slice(16, 20), 16) & (2 ** 14 - 1);
  const lastSix = Number.parseInt(digits.slice(20, 22), 16) >> 2;
  const seq = high * 2 ** SEQ_LOW_BITS + middle * 2 ** 6 + lastSix;
  // An id of somebody else's making may hold any number: a column of ours holds 31 bits.
  return { at: Number.parseInt(digits.slice(0, TIME_DIGITS), 16), seq: Math.min(seq, 2 ** 31 - 1) };
};
