import { expect, it } from 'vitest';
import { CallId } from './ids.ts';
import { uuidv7 } from './uuid-v7.ts';

it('a UUIDv7 is the one that RFC 9562 gives as an example', () => {
  const random = new Uint8Array([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
  expect(uuidv7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

it('a UUIDv7 can be a call id, sorts by time, and is never the same', () => {
  expect(CallId.safeParse(uuidv7()).success).toBe(true);
  expect(uuidv7(1000) < uuidv7(1001)).toBe(true);
  expect(uuidv7()).not.toBe(uuidv7());
});
