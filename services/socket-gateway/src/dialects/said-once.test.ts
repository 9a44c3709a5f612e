import { CallId, SessionId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { aCall, aCallEvent, BEN } from '../../test/call-event.ts';
import { onlycare } from './onlycare.ts';
import { saidOnce } from './said-once.ts';
import { type Telling, tellingFor } from './telling.ts';

const tellingOf = (sessionId: string, event = aCallEvent({ ringMsLeft: 30_000, call: aCall() })): Telling =>
  tellingFor(event, { userId: BEN, deviceId: null, sessionId: SessionId.parse(sessionId) }) ?? expect.unreachable();

it('sessions that are told the same of an event get one frame', () => {
  const event = aCallEvent({ ringMsLeft: 30_000, call: aCall() });
  const { encode } = saidOnce(onlycare);
  const frame = encode(tellingOf('s1', event));
  expect(encode(tellingOf('s2', event))).toBe(frame);
  expect(frame).toEqual(onlycare.encode(tellingOf('s1', event)));
});

it.each<[string, (telling: Telling) => Telling]>([
  ['another call', (telling) => ({ ...telling, call: { ...telling.call } })],
  ['another kind of news', ({ call, callId, at }) => ({ call, callId, at, kind: 'ringing' })],
  ['another id of the call', (telling) => ({ ...telling, callId: CallId.parse('alias') })],
  ['another time', (telling) => ({ ...telling, at: telling.at + 1 })],
  ['other news', (telling) => ({ ...telling, expiresAt: 1 }) as Telling],
])('with %s it is another frame', (_name, change) => {
  const told = tellingOf('s1');
  const { encode } = saidOnce(onlycare);
  const frame = encode(told);
  expect(encode(change(told))).not.toBe(frame);
  expect(encode(change(told))).toEqual(onlycare.encode(change(told)));
});
