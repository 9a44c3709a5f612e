import { Call, CallEventType, CallId, CallQuality, DeviceId, EndReason, SessionId, UserId } from '@trunkline/contract';
import fc from 'fast-check';
import { ANA, aCall, aCallEvent, BEN } from './call-event.ts';

const someText = fc.string({ unit: 'binary', maxLength: 300 });
const someNumber = fc.double({ noNaN: true, noDefaultInfinity: true });
const someone = fc.constantFrom(ANA, BEN, UserId.parse('eve'));
const someDevice = fc.constantFrom(null, DeviceId.parse('d-1'), DeviceId.parse('d-2'));
const someSession = fc.constantFrom(null, SessionId.parse('s-1'), SessionId.parse('s-2'));

const someCall = fc
  .record({
    callerName: fc.option(someText),
    callerAvatar: fc.option(someText),
    calleeAlias: fc.constantFrom(null, CallId.parse('CALL_2')),
    state: fc.constantFrom(...Call.shape.state.options),
    reason: fc.option(fc.constantFrom(...EndReason.options)),
    reasonText: fc.option(someText),
    endedBy: fc.option(someText),
    answeredByDevice: someDevice,
    answeredBySession: someSession,
    acceptedAt: fc.option(someNumber),
    endedAt: fc.option(someNumber),
  })
  .map((changes) => aCall(changes));

const someSignal = fc.oneof(
  fc.record({ type: fc.constantFrom('offer', 'answer'), sdp: fc.string({ minLength: 1, maxLength: 300 }) }),
  fc.record({ type: fc.constant('candidate'), candidate: fc.string({ maxLength: 300 }), sdpMid: fc.option(fc.string({ maxLength: 60 })) }),
);

/** Any event that the contract allows, also those that make no sense. */
export const someEvent = fc
  .record({
    type: fc.constantFrom(...CallEventType.options),
    at: someNumber,
    actor: fc.record({ userId: fc.option(someone), deviceId: someDevice, sessionId: someSession }),
    call: someCall,
    quality: fc.constantFrom(undefined, ...CallQuality.options),
    signal: fc.option(someSignal, { nil: undefined }),
  })
  .map((changes) => aCallEvent(changes));

export const someViewer = fc.record({
  userId: someone,
  deviceId: someDevice,
  sessionId: fc.constantFrom(SessionId.parse('s-1'), SessionId.parse('s-3')),
  now: someNumber,
  ringMsLeft: someNumber,
});

const likelyBody = fc.record(
  {
    callId: fc.oneof(fc.constant('C-1'), someText),
    receiverId: someText,
    calleeId: someText,
    otomoId: someText,
    reason: someText,
    callType: fc.oneof(fc.constant('video'), someText),
    quality: fc.oneof(fc.constant('BAD'), someText),
    txQuality: fc.oneof(fc.integer({ min: -1, max: 7 }), fc.double()),
    rxQuality: fc.integer({ min: 0, max: 6 }),
    signal: fc.oneof(someSignal, fc.jsonValue()),
    requestId: someText,
    token: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

/** Anything that a client of any dialect might say: words that are known, and others. */
export const someFrame = (words: readonly string[]) =>
  fc
    .record({
      word: fc.oneof(fc.constantFrom(...words), fc.jsonValue()),
      body: fc.oneof(likelyBody, fc.jsonValue()),
      requestId: fc.option(someText),
    })
    .map(({ word, body, requestId }) => ({
      ...{ type: word, payload: body, requestId },
      ...{ event: typeof word === 'string' ? word : null, body },
    }));

/** Text as it may come over a socket. */
export const someBytes = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.constantFrom('', '{', '['.repeat(40), '{"type":'),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString()),
);
