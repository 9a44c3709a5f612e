export const DIALECTS = ['onlycare', 'chattrix', 'otomo'] as const;
export type DialectName = (typeof DIALECTS)[number];

export const DIALECT_NAMES: Readonly<Record<DialectName, string>> = { onlycare: 'OnlyCare', chattrix: 'Chattrix', otomo: 'Otomo' };

/** Who a phone is; it is in the page's address, so that a phone can be reloaded, linked and framed. */
export interface PhoneSettings {
  readonly userId: string;
  readonly name: string;
  readonly deviceId: string;
  readonly dialect: DialectName;
  /** The number of a gateway, from 0. */
  readonly gateway: number;
  readonly isOn: boolean;
  /** Users that it offers to call. */
  readonly contacts: readonly string[];
  /** How long its calls ring; null: as long as the server has it. */
  readonly ringSeconds: number | null;
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const readSettings = (hash: string): PhoneSettings => {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const userId = given.get('user')?.trim() || 'alice';
  return {
    userId,
    name: given.get('name')?.trim() || capitalised(userId),
    deviceId: given.get('device')?.trim() || `${userId}-phone`,
    dialect: DIALECTS.find((dialect) => dialect === given.get('dialect')) ?? 'onlycare',
    gateway: Math.max(0, Number.parseInt(given.get('gateway') ?? '0', 10) || 0),
    isOn: given.get('on') === '1',
    ringSeconds: Number.parseInt(given.get('ring') ?? '', 10) || null,
    contacts: (given.get('contacts') ?? '').split(',').filter((contact) => contact !== '' && contact !== userId),
  };
};

export const hashOf = ({ userId, name, deviceId, dialect, gateway, isOn, contacts, ringSeconds }: PhoneSettings): string =>
  `#${new URLSearchParams({
    user: userId,
    name,
    device: deviceId,
    dialect,
    gateway: String(gateway),
    on: isOn ? '1' : '0',
    contacts: contacts.join(','),
    ...(ringSeconds === null ? {} : { ring: String(ringSeconds) }),
  })}`;
