import { describe, expect, it } from 'vitest';
import { type CallFacts, type Evidence, reachOf, VERDICTS, type Verdict, verdictOf } from './verdict.ts';

const row = (kind: string, detail: Evidence['detail'] = null): Evidence => ({ kind, detail });
const push = (kind: string, why?: string): Evidence =>
  row(kind, { type: 'incoming_call', pushId: 'p', ...(why === undefined ? {} : { why }) });

const placed = row('call_placed');
const facts = (changes: Partial<CallFacts>): CallFacts => ({
  state: 'MISSED',
  reason: 'no_response',
  endedBySystem: true,
  wasAccepted: false,
  ...changes,
  evidence: [placed, ...(changes.evidence ?? [])],
});
const offline = { state: 'REJECTED', reason: 'offline' } as const;

/** At least one call for each verdict. */
const CASES: Readonly<Record<Verdict, readonly CallFacts[]>> = {
  answered: [
    facts({
      state: 'ENDED',
      reason: 'hung_up',
      endedBySystem: false,
      wasAccepted: true,
      evidence: [row('ring_sent'), row('call_accepted')],
    }),
    facts({ state: 'CONNECTING', reason: null, endedBySystem: false, wasAccepted: true }),
    facts({ state: 'ENDED', reason: 'lost', wasAccepted: true }),
  ],
  connect_failed: [facts({ state: 'FAILED', reason: 'connect_failed', wasAccepted: true })],
  ringing: [
    facts({ state: 'INITIATING', reason: null, endedBySystem: false }),
    facts({ state: 'RINGING', reason: null, endedBySystem: false }),
  ],
  blocked: [
    facts({ ...offline, evidence: [row('blocked')] }),
    facts({ state: 'CANCELLED', reason: 'cancelled', endedBySystem: false, evidence: [row('blocked')] }),
  ],
  busy: [facts({ state: 'REJECTED', reason: 'busy' })],
  declined: [
    facts({ state: 'REJECTED', reason: 'declined', endedBySystem: false, evidence: [row('ring_sent')] }),
    facts({ state: 'REJECTED', reason: 'busy', endedBySystem: false }),
  ],
  caller_lost: [facts({ state: 'CANCELLED', reason: 'caller_lost', evidence: [row('caller_absent')] })],
  cancelled: [facts({ state: 'CANCELLED', reason: 'cancelled', endedBySystem: false })],
  callee_lost: [facts({ ...offline, evidence: [row('ring_sent'), row('callee_absent')] })],
  shown_not_answered: [facts({ evidence: [row('ring_sent'), row('ring_acknowledged')] })],
  written_not_shown: [facts({ evidence: [row('ring_sent')] })],
  push_accepted_never_woke: [
    facts({ evidence: [row('nobody_heard'), push('push_queued'), push('push_failed', 'UNREGISTERED'), push('push_accepted')] }),
  ],
  push_not_sent: [
    facts({ evidence: [push('push_queued'), push('push_delayed', 'the provider answered 503')] }),
    facts({ evidence: [push('push_queued'), push('push_failed', 'expired')] }),
    facts({ evidence: [push('push_queued'), push('push_dropped', 'call_over')] }),
  ],
  token_dead: [
    facts({
      ...offline,
      evidence: [row('nobody_heard'), push('push_queued'), push('push_failed', 'messaging/registration-token-not-registered: x')],
    }),
    facts({ evidence: [push('push_failed', 'the push service answered 410')] }),
    facts({ evidence: [push('push_dropped', 'target_gone')] }),
    facts({ evidence: [row('push_failed', { type: 'incoming_call', outcome: 'target_gone', why: 'gone' })] }),
  ],
  push_failed: [facts({ evidence: [push('push_failed', 'UNREGISTERED'), push('push_failed', 'the provider answered 400')] })],
  no_device: [
    facts({ ...offline, evidence: [row('nobody_heard')] }),
    facts({ evidence: [row('nobody_heard')] }),
    facts({ ...offline, evidence: [row('push_accepted', { type: 'missed_call' })] }),
  ],
  not_delivered: [facts({})],
};

describe.each(Object.entries(CASES))('%s', (verdict, calls) => {
  it.each(calls.map((call) => [call.evidence.map(({ kind }) => kind).join(', '), call] as const))('%s', (_kinds, call) => {
    expect(verdictOf(call)).toBe(verdict);
  });
});

it('kinds of a later version change nothing', () => {
  expect(verdictOf(facts({ evidence: [row('ring_sent'), row('ring_dreamt_of')] }))).toBe('written_not_shown');
});

it('every verdict says something', () => {
  for (const text of Object.values(VERDICTS)) expect(text).toMatch(/^[A-Z].+\.$/);
});

it('the furthest device counts', () => {
  expect(reachOf([push('push_queued'), push('push_failed', 'UNREGISTERED'), row('ring_sent'), row('ring_acknowledged')])).toBe('shown');
  expect(reachOf([])).toBe('nowhere');
});

it.each(['FCM answered 503: messaging/server-unavailable: x', 'FCM did not answer: read ECONNRESET', 'the provider answered 400'])(
  'a provider of which the trace says "%s" did not take the ring, whether it refused or could not',
  (why) => {
    expect(VERDICTS[verdictOf(facts({ evidence: [push('push_queued'), push('push_failed', why)] }))]).toBe(
      'The push provider did not take the ring.',
    );
  },
);
