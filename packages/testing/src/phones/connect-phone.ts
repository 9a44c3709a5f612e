import { connectChattrixPhone, connectChattrixRestPhone } from './chattrix-phones.ts';
import { connectOnlyCarePhone } from './onlycare-phone.ts';
import { connectOtomoPhone } from './otomo-phone.ts';
import type { DialectName, Phone, PhoneOptions } from './phone.ts';

/** Connects a phone of each dialect. Resolves when it is connected. */
export const CONNECT: Readonly<Record<DialectName, (options: PhoneOptions) => Promise<Phone>>> = {
  onlycare: connectOnlyCarePhone,
  'chattrix-ws': connectChattrixPhone,
  'chattrix-rest': connectChattrixRestPhone,
  otomo: connectOtomoPhone,
};
