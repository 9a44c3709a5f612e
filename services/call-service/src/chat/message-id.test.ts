import { MessageId } from '@trunkline/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { messageIdOf, placeOf } from './message-id.ts';

const time = fc.integer({ min: 0, max: 2 ** 47 });
const seq = fc.integer({ min: 1, max: 2 ** 31 - 1 });

it('an id holds its time and number, and is a UUIDv7', () => {
  fc.assert(
    fc.property(time, seq, (at, number) => {
      const id = messageIdOf(at, number);
      expect(MessageId.safeParse(id).success).toBe(true);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(placeOf(id)).toEqual({ at, seq: number });
    }),
  );
});

it('ids of one chat sort as its messages do', () => {
  fc.assert(
    fc.property(time, seq, fc.integer({ min: 1, max: 1000 }), (at, number, more) => {
      fc.pre(number + more < 2 ** 31);
      expect(messageIdOf(at, number) < messageIdOf(at, number + more)).toBe(true);
    }),
  );
});

it('any UUID leads to a place that a column can hold', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const place = placeOf(id);
      expect(place.seq).toBeLessThan(2 ** 31);
      expect(Number.isSafeInteger(place.at)).toBe(true);
    }),
  );
});
