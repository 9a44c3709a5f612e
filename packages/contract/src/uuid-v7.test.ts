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

it('many UUIDv7 of one moment differ, each in all of its random bytes that are not fixed', () => {
  const ids = Array.from({ length: 5000 }, () => uuidv7(1000));
  expect(new Set(ids.map((id) => id.slice(15, 18) + id.slice(20, 23))).size).toBeGreaterThan(4900);
  expect(new Set(ids.map((id) => id.slice(24))).size).toBe(5000);
  expect(ids.every((id) => /^00000000-03e8-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true);
});
