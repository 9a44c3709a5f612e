import { CallState, FinalState, isFinal, LiveState } from '@trunkline/contract';
import { describe, expect, it } from 'vitest';
import { type Party, TRANSITIONS, TRIGGER_PARTIES, type Trigger, transition } from './transitions.ts';

const STATES = CallState.options;
const PARTIES: readonly Party[] = ['caller', 'callee', 'system'];
const TRIGGERS = Object.keys(TRIGGER_PARTIES) as Trigger[];

/** The table of the design, written down a second time and by hand. */
const EXPECTED: readonly (readonly [CallState, Trigger, CallState])[] = [
  ['INITIATING', 'reached', 'RINGING'],
  ['RINGING', 'reached', 'RINGING'],
  ['INITIATING', 'accept', 'CONNECTING'],
  ['RINGING', 'accept', 'CONNECTING'],
  ['INITIATING', 'reject', 'REJECTED'],
  ['RINGING', 'reject', 'REJECTED'],
  ['INITIATING', 'cancel', 'CANCELLED'],
  ['RINGING', 'cancel', 'CANCELLED'],
  ['INITIATING', 'caller_lost', 'CANCELLED'],
  ['RINGING', 'caller_lost', 'CANCELLED'],
  ['INITIATING', 'unreachable', 'REJECTED'],
  ['INITIATING', 'ring_timeout', 'MISSED'],
  ['RINGING', 'ring_timeout', 'MISSED'],
  ['RINGING', 'callee_lost', 'REJECTED'],
  ['CONNECTING', 'connected', 'ACTIVE'],
  ['ACTIVE', 'connected', 'ACTIVE'],
  ['CONNECTING', 'end', 'ENDED'],
  ['ACTIVE', 'end', 'ENDED'],
  ['CONNECTING', 'lost', 'ENDED'],
  ['ACTIVE', 'lost', 'ENDED'],
  ['CONNECTING', 'max_duration', 'ENDED'],
  ['ACTIVE', 'max_duration', 'ENDED'],
  ['CONNECTING', 'connect_timeout', 'FAILED'],
];

const nextStates = (state: CallState): CallState[] => Object.values(TRANSITIONS[state]).map(({ to }) => to);

const reachableFrom = (state: CallState): Set<CallState> => {
  const seen = new Set<CallState>([state]);
  for (const reached of seen) for (const next of nextStates(reached)) seen.add(next);
  return seen;
};

describe('the life of a call', () => {
  it('is the table of the design, no more and no less', () => {
    const listed = STATES.flatMap((from) => Object.entries(TRANSITIONS[from]).map(([trigger, { to }]) => [from, trigger, to].join(' ')));
    expect(listed.sort()).toEqual(EXPECTED.map((row) => row.join(' ')).sort());
  });

  it.each(LiveState.options)('reaches an end from %s', (state) => {
    expect([...reachableFrom(state)].some(isFinal)).toBe(true);
  });

  it.each(FinalState.options)('never leaves %s', (state) => {
    expect(nextStates(state)).toEqual([]);
  });

  it('can be reached whole from INITIATING', () => {
    expect([...reachableFrom('INITIATING')].sort()).toEqual([...STATES].sort());
  });

  it('says why, wherever it ends', () => {
    const ends = STATES.flatMap((from) => Object.values(TRANSITIONS[from])).filter(({ to }) => isFinal(to));
    expect(ends.filter(({ reason, event }) => reason === undefined || event === null)).toEqual([]);
  });

  it.each(STATES.flatMap((state) => TRIGGERS.flatMap((trigger) => PARTIES.map((party) => ({ state, trigger, party })))))(
    'answers $trigger by $party in $state as listed, or refuses it',
    ({ state, trigger, party }) => {
      const result = transition(state, trigger, party);
      const to = EXPECTED.find(([from, pulled]) => from === state && pulled === trigger)?.[2];
      if (!TRIGGER_PARTIES[trigger].includes(party)) expect(result).toEqual({ ok: false, code: 'unauthorized' });
      else if (to === undefined) expect(result).toEqual({ ok: false, code: 'invalid_status' });
      else expect(result).toMatchObject({ ok: true, transition: { to } });
    },
  );
});
