import { type Call, DeviceId, type EventActor, SessionId } from '@trunkline/contract';
import { describe, expect, it } from 'vitest';
import { aCall, aCallEvent, BEN, PLACED_AT } from '../../test/call-event.ts';
import { tellingFor, type Viewer } from './telling.ts';

const PHONE = DeviceId.parse('phone');

/** Ben's session that looks on. */
const viewer = (deviceId: DeviceId | null): Viewer => ({ userId: BEN, deviceId, sessionId: SessionId.parse('s-1') });

const overRest = (deviceId: DeviceId | null): EventActor => ({ userId: BEN, deviceId, sessionId: null });

const acceptedBy = (deviceId: DeviceId | null, session: string | null): Partial<Call> => ({
  state: 'CONNECTING',
  acceptedAt: PLACED_AT,
  answeredByDevice: deviceId,
  answeredBySession: session === null ? null : SessionId.parse(session),
});

const toldOfAccept = (call: Partial<Call>, actor: EventActor, who: Viewer, merged?: true): string | undefined => {
  const telling = tellingFor(aCallEvent({ type: 'call_accepted', actor, call: aCall(call), merged }), who);
  return telling?.kind;
};

describe('an accept over REST', () => {
  it('says nothing to the device that sent it, and stops the others', () => {
    expect(toldOfAccept(acceptedBy(PHONE, null), overRest(PHONE), viewer(PHONE))).toBeUndefined();
    expect(toldOfAccept(acceptedBy(PHONE, null), overRest(PHONE), viewer(null))).toBe('cancelled');
    expect(toldOfAccept(acceptedBy(null, null), overRest(null), viewer(PHONE))).toBe('cancelled');
  });

  it('stops a session without a device when it had none either: they may be two phones', () => {
    expect(toldOfAccept(acceptedBy(null, null), overRest(null), viewer(null))).toBe('cancelled');
  });
});

describe('an accept by a session without a device', () => {
  it('stops the other sessions without one', () => {
    const actor = { userId: BEN, deviceId: null, sessionId: SessionId.parse('s-2') };
    expect(toldOfAccept(acceptedBy(null, 's-2'), actor, viewer(null))).toBe('cancelled');
  });
});

describe('a merge of two calls', () => {
  it('is an accept for the session that placed the second one', () => {
    const actor = { ...overRest(PHONE), sessionId: SessionId.parse('s-1') };
    expect(toldOfAccept(acceptedBy(PHONE, 's-1'), actor, viewer(PHONE), true)).toBe('accepted');
    const another = { ...overRest(PHONE), sessionId: SessionId.parse('s-2') };
    expect(toldOfAccept(acceptedBy(PHONE, 's-2'), another, viewer(DeviceId.parse('tablet')), true)).toBe('cancelled');
  });

  it.each([PHONE, null])('over REST is an accept for the sessions of the device that placed (%s)', (device) => {
    expect(toldOfAccept(acceptedBy(device, null), overRest(device), viewer(device), true)).toBe('accepted');
    expect(toldOfAccept(acceptedBy(device, null), overRest(device), viewer(DeviceId.parse('tablet')), true)).toBe('cancelled');
  });
});

describe('an end over REST by an app without devices', () => {
  it('is told to all of its sessions: which of them is its own is not known', () => {
    const call = aCall({ state: 'ENDED', reason: 'hung_up', endedBy: BEN, acceptedAt: PLACED_AT, endedAt: PLACED_AT });
    expect(tellingFor(aCallEvent({ type: 'call_ended', actor: overRest(null), call }), viewer(null))).toMatchObject({ kind: 'ended' });
    expect(tellingFor(aCallEvent({ type: 'call_ended', actor: overRest(null), call }), viewer(PHONE))).toMatchObject({ kind: 'ended' });
  });
});

describe('an end over a session', () => {
  const call = aCall({ state: 'ENDED', reason: 'hung_up', endedBy: BEN, acceptedAt: PLACED_AT, endedAt: PLACED_AT });
  const toldOfEnd = (deviceId: DeviceId | null, session: string) =>
    tellingFor(
      aCallEvent({ type: 'call_ended', actor: { userId: BEN, deviceId, sessionId: SessionId.parse(session) }, call }),
      viewer(deviceId),
    );

  it('is told to the other sessions of its device, and not to itself', () => {
    expect(toldOfEnd(PHONE, 's-2')).toMatchObject({ kind: 'ended' });
    for (const device of [PHONE, null]) expect(toldOfEnd(device, 's-1')).toBeNull();
  });
});

describe('a signal to the callee', () => {
  const signal = { type: 'offer', sdp: 'v=0' } as const;
  const actor: EventActor = { userId: aCall().callerId, deviceId: null, sessionId: SessionId.parse('ana-s') };
  const toldOfSignal = (call: Partial<Call>, who: Viewer) =>
    tellingFor(aCallEvent({ type: 'call_signal', actor, call: aCall(call), signal }), who);

  it('is for the device that answered, on whatever connection it has now', () => {
    expect(toldOfSignal(acceptedBy(PHONE, 's-0'), viewer(PHONE))).toMatchObject({ kind: 'signal', signal });
    expect(toldOfSignal(acceptedBy(PHONE, 's-0'), viewer(DeviceId.parse('tablet')))).toBeNull();
    expect(toldOfSignal(acceptedBy(PHONE, 's-0'), viewer(null))).toBeNull();
  });

  it('is for each connection that may be who answered, where that had no device', () => {
    expect(toldOfSignal(acceptedBy(null, 's-0'), viewer(null))).toMatchObject({ kind: 'signal' });
    expect(toldOfSignal(acceptedBy(null, 's-0'), viewer(PHONE))).toBeNull();
    expect(toldOfSignal(acceptedBy(null, null), viewer(PHONE))).toMatchObject({ kind: 'signal' });
  });

  it('is not told to who sent it', () => {
    const own = { ...actor, userId: BEN };
    expect(
      tellingFor(aCallEvent({ type: 'call_signal', actor: own, call: aCall(acceptedBy(PHONE, 's-0')), signal }), viewer(PHONE)),
    ).toBeNull();
  });
});
