import { randomUUID } from 'node:crypto';
import { DIALECTS, type DialectName, type Phone, type Place, type System } from '@trunkline/testing';
import { expect } from 'vitest';
import { expectRead, type Facts } from './dialect-frames.ts';

/** The dialects of a caller and of a callee. */
export type DialectPair = readonly [DialectName, DialectName];

export const PAIRS: readonly DialectPair[] = DIALECTS.flatMap((caller) => DIALECTS.map((callee) => [caller, callee] as const));

const NAME = 'Ann';
const PICTURE = 'https://example.com/ann.png';

export interface TwoPhones extends AsyncDisposable {
  readonly caller: Phone;
  readonly callee: Phone;
  /** Connects another device, or the same one again, to be closed with the rest. */
  connect(dialect: DialectName, gateway: number, userId: string, deviceId?: string): Promise<Phone>;
}

/** A caller on the first gateway, a callee on the second, each on a device of its own. */
export const connectTwo = async (system: System, [callerDialect, calleeDialect]: DialectPair): Promise<TwoPhones> => {
  await using connecting = new AsyncDisposableStack();
  const phones = new AsyncDisposableStack();
  connecting.use(phones);
  const connect: TwoPhones['connect'] = async (dialect, gateway, userId, deviceId = randomUUID()) =>
    phones.use(await system.phone(dialect, gateway, userId, { name: NAME, picture: PICTURE, deviceId }));
  const [caller, callee] = await Promise.all([
    connect(callerDialect, 0, `caller-${randomUUID()}`),
    connect(calleeDialect, 1, `callee-${randomUUID()}`),
  ]);
  connecting.move();
  return { caller, callee, connect, [Symbol.asyncDispose]: () => phones.disposeAsync() };
};

/** Places a call and waits until it rings at the callee and the caller knows it. */
export const ring = async ({ caller, callee }: TwoPhones, place: Partial<Place> = {}): Promise<Facts> => {
  const callId = place.callId ?? `call-${randomUUID()}`;
  const facts: Facts = {
    callId,
    callerId: caller.userId,
    calleeId: callee.userId,
    callerName: NAME,
    callerAvatar: PICTURE,
    callType: place.callType ?? 'AUDIO',
    channelId: place.channelId ?? callId,
  };
  expect(await caller.place({ calleeId: callee.userId, ...place, callId })).toEqual({ ok: true, callId, status: 'INITIATING' });
  await expectRead(callee, facts, { what: 'incoming' });
  await expectRead(caller, facts, { what: 'ringing' });
  return facts;
};
