import { setTimeout as pause } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import type { Device } from './device.ts';

/** A device's user was disconnected by the app's backend; epoch milliseconds. */
export interface Revocation {
  device: Device;
  askedAt: number;
  /** When its connection closed, or when that was given up. */
  closedAt: number;
}

const EVERY_MS = 1000;
/** Past a gateway's lease, with which it learns what it did not hear. */
const GIVEN_UP_AFTER_MS = 20_000;

const closes = async (device: Device): Promise<number> => {
  const { connection } = device;
  const deadline = Date.now() + GIVEN_UP_AFTER_MS;
  while (device.isReady && device.connection === connection && Date.now() < deadline) await pause(5);
  return Date.now();
};

/** Disconnects somebody who is in no call, and sees when each of their connections closes. */
export const disconnectSomebody = (crowd: Crowd, disconnect: (userId: string) => Promise<boolean>): Promise<void> =>
  crowd.withPair(async ({ callees }) => {
    const connected = callees.filter(({ isReady }) => isReady);
    const [device] = connected;
    if (device === undefined) return;
    const askedAt = Date.now();
    const closings = connected.map(async (each): Promise<Revocation> => ({ device: each, askedAt, closedAt: await closes(each) }));
    if (await disconnect(device.userId)) crowd.revocations.push(...(await Promise.all(closings)));
  });

/** Again and again, until nothing else goes on. */
export const disconnectPeople = async (
  crowd: Crowd,
  disconnect: (userId: string) => Promise<boolean>,
  goesOn: () => boolean,
): Promise<void> => {
  for (await pause(EVERY_MS); goesOn(); await pause(EVERY_MS)) await disconnectSomebody(crowd, disconnect);
};
