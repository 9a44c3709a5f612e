import { expect, it } from 'vitest';
import { hashOf, readSettings } from './phone-settings.ts';

it('a phone is told by its address, and makes the same address again', () => {
  const settings = readSettings('#user=bob&name=Bob%20B&device=tablet&dialect=otomo&gateway=1&on=1&contacts=alice,bob,carol&ring=15');
  expect(settings).toEqual({
    userId: 'bob',
    name: 'Bob B',
    deviceId: 'tablet',
    dialect: 'otomo',
    gateway: 1,
    isOn: true,
    contacts: ['alice', 'carol'],
    ringSeconds: 15,
  });
  expect(readSettings(hashOf(settings))).toEqual(settings);
});

it('an address that says nothing, or nonsense, is that of a phone that is off', () => {
  const plain = {
    userId: 'alice',
    name: 'Alice',
    deviceId: 'alice-phone',
    dialect: 'onlycare',
    gateway: 0,
    isOn: false,
    contacts: [],
    ringSeconds: null,
  };
  for (const hash of ['', '#', '#gateway=-3&dialect=toString&on=yes&ring=long']) expect(readSettings(hash)).toEqual(plain);
});
