import { type CallOnScreen, isLive } from './call-on-screen.ts';
import type { PhoneSettings } from './phone-settings.ts';

type Device = Pick<PhoneSettings, 'userId' | 'deviceId'>;

const nameOf = ({ userId, deviceId }: Device): string => `trunkline-call-of-${userId}-${deviceId}`;

/** Of a ring, the server tells again; what another device answered is none of this one's. */
const isOwn = (call: CallOnScreen): boolean => isLive(call) && (call.direction === 'outgoing' || call.answeredAt !== null);

/** Keeps the call that a device is in for as long as its tab: a phone that is turned on again is in it still. */
export const keepCall = (device: Device, call: CallOnScreen): void => {
  const { answeredAt } = call;
  // `performance.now()` begins anew with each page.
  const kept = { ...call, answeredAt: answeredAt === null ? null : answeredAt + performance.timeOrigin };
  try {
    if (isOwn(call)) sessionStorage.setItem(nameOf(device), JSON.stringify(kept));
    else sessionStorage.removeItem(nameOf(device));
  } catch {
    // The phone then comes back without its call.
  }
};

/** The call that this device was in when it went; the server knows how it stands. */
export const keptCall = (device: Device): CallOnScreen | null => {
  try {
    const kept = JSON.parse(sessionStorage.getItem(nameOf(device)) ?? 'null') as CallOnScreen | null;
    if (kept === null) return null;
    if (kept.answeredAt === null) return { ...kept, stage: 'ringing' };
    return { ...kept, stage: 'connecting', answeredAt: kept.answeredAt - performance.timeOrigin };
  } catch {
    return null;
  }
};
