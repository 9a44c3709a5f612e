import { Command, RequestId } from '@trunkline/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlycare } from './onlycare.ts';

const decode = (name: string | null, body: unknown) => onlycare.decode({ event: name, body });

describe('frames become commands', () => {
  const WORDS: [string, unknown, object][] = [
    ['call:initiate', { receiverId: 'ben' }, { type: 'place_call', calleeId: 'ben', callType: 'AUDIO' }],
    [
      'call:initiate',
      { receiverId: 'ben', callType: 'video', channelName: 'room', callId: 'C-1', ringTimeoutSeconds: 30 },
      { type: 'place_call', calleeId: 'ben', callType: 'VIDEO', channelId: 'room', callId: 'C-1', ringTimeoutSeconds: 30 },
    ],
    [
      'call:initiate',
      { receiverId: 'ben', callType: null, channelId: null, callId: null, ringTimeoutSeconds: null },
      { type: 'place_call', calleeId: 'ben', callType: 'AUDIO' },
    ],
    ['call:ringing', { callId: 'C-1' }, { type: 'acknowledge_ring', callId: 'C-1' }],
    ['call:accept', { callId: 'C-1' }, { type: 'accept_call', callId: 'C-1' }],
    ['call:reject', { callId: 'C-1' }, { type: 'reject_call', callId: 'C-1', reason: 'declined' }],
    ['call:reject', { callId: 'C-1', reason: 'User Busy' }, { type: 'reject_call', callId: 'C-1', reason: 'busy' }],
    [
      'call:reject',
      { callId: 'C-1', reason: 'Driving' },
      { type: 'reject_call', callId: 'C-1', reason: 'declined', reasonText: 'Driving' },
    ],
    [
      'call:cancel',
      { callId: 'C-1', reason: 'Caller ended call' },
      { type: 'cancel_call', callId: 'C-1', reasonText: 'Caller ended call' },
    ],
    ['call:end', { callId: 'C-1' }, { type: 'end_call', callId: 'C-1', whileRinging: 'cancel_or_reject' }],
    [
      'call:end',
      { callId: 'C-1', reason: 'bye', durationSeconds: 7.5 },
      { type: 'end_call', callId: 'C-1', whileRinging: 'cancel_or_reject', reasonText: 'bye', claimedDurationSeconds: 7.5 },
    ],
    ['call:end', { callId: 'C-1', durationSeconds: -1 }, { type: 'end_call', callId: 'C-1', whileRinging: 'cancel_or_reject' }],
    ['call:connected', { callId: 'C-1' }, { type: 'report_connected', callId: 'C-1' }],
  ];

  it.each(WORDS)('%s %j', (name, body, command) => {
    expect(decode(name, body)).toMatchObject({ command });
    expect(decode(name, body)).toHaveProperty('command', command);
  });

  it('keeps the id that the client named and its request id', () => {
    const { asked } = decode('call:accept', { callId: 'C-1', requestId: 'r-1' });
    expect(asked).toEqual({ callId: 'C-1', requestId: RequestId.parse('r-1') });
  });

  it('reads a refreshed token', () => {
    expect(decode('auth:refresh', { token: 'abc' })).toMatchObject({ refreshToken: 'abc' });
  });

  const REFUSED: [string, string | null, unknown, string][] = [
    ['an unreadable packet', null, undefined, 'malformed'],
    ['an unknown event', 'call:transfer', { callId: 'C-1' }, 'call:transfer'],
    ['an unknown event without a payload', 'toString', undefined, 'toString'],
    ['a payload that is not an object', 'call:accept', 'C-1', 'must be an object'],
    ['a payload that is a list', 'call:accept', ['C-1'], 'must be an object'],
    ['no call id', 'call:accept', {}, 'callId'],
    ['a call id with other characters, of a call to be', 'call:initiate', { receiverId: 'ben', callId: 'C 1' }, 'callId'],
    ['a reason that is not text', 'call:reject', { callId: 'C-1', reason: 7 }, 'reason'],
    ['a ring that is too long', 'call:initiate', { receiverId: 'ben', ringTimeoutSeconds: 500 }, 'ringTimeoutSeconds'],
    ['an unknown call type', 'call:initiate', { receiverId: 'ben', callType: 'FAX' }, 'callType'],
    ['a request id that is not text', 'call:accept', { callId: 'C-1', requestId: {} }, 'requestId'],
    ['a token that is not text', 'auth:refresh', { token: 1 }, 'token'],
  ];

  it.each(REFUSED)('%s is a parse error that says so', (_name, name, body, word) => {
    expect(decode(name, body)).toMatchObject({ refused: { code: 'parse_error', message: expect.stringContaining(word) } });
  });

  it.each(['C 1', 'C.1', 'x'.repeat(65)])('there is no call "%s"', (callId) => {
    for (const word of ['call:ringing', 'call:accept', 'call:reject', 'call:cancel', 'call:end', 'call:connected'])
      expect(decode(word, { callId })).toMatchObject({ refused: { code: 'call_not_found' } });
  });

  it('cuts the name of an unknown event', () => {
    const decoded = decode('x'.repeat(1000), {});
    expect('refused' in decoded && decoded.refused.message.length).toBeLessThan(80);
  });

  const eventName = fc.oneof(
    fc.constantFrom('call:initiate', 'call:accept', 'call:reject', 'call:cancel', 'call:end', 'auth:refresh'),
    fc.string({ unit: 'binary' }),
  );
  const someText = fc.string({ unit: 'binary', maxLength: 300 });
  const likelyBody = fc.record(
    { callId: fc.oneof(fc.constant('C-1'), someText), receiverId: someText, reason: someText, requestId: someText, callType: someText },
    { requiredKeys: [] },
  );

  it('answers any event with a command that the contract takes, or with a refusal', () => {
    fc.assert(
      fc.property(fc.option(eventName), fc.oneof(likelyBody, fc.jsonValue(), fc.anything()), (name, body) => {
        const decoded = decode(name, body);
        if ('command' in decoded) expect(Command.parse(decoded.command)).toEqual(decoded.command);
        else expect(['parse_error', 'call_not_found']).toContain('refused' in decoded ? decoded.refused.code : 'parse_error');
      }),
      { numRuns: 2000 },
    );
  });
});
