import { expect, it } from 'vitest';
import type { Inflicted } from '../faults/fault.ts';
import type { Device } from '../people/device.ts';
import { Story } from '../people/story.ts';
import type { Evidence } from './evidence.ts';
import { judgeFacts } from './facts.ts';

const LATE_MS = 3000;

/** A ring that came long after its end, perhaps with its stop right behind, perhaps while phones could not be reached. */
const phantoms = ({ hasStop, group }: { hasStop: boolean; group: Inflicted['group'] }): number => {
  const [caller, callee] = [{ name: 'caller' } as Device, { name: 'callee', connection: 1 } as Device];
  const story = new Story('call', 'cancel', caller, [callee]);
  const told = { kind: 'told', callId: 'call', reason: null, expiresAt: null } as const;
  story.hear(callee, { ...told, word: 'incoming' });
  if (hasStop) story.hear(callee, { ...told, word: 'cancelled' });
  const endedAt = (story.heard[0]?.at ?? 0) - LATE_MS;
  const row = { id: 'call', callerId: 'a', calleeId: 'b', state: 'CANCELLED', ringDeadlineAt: endedAt + 20_000, acceptedAt: null, endedAt };
  const evidence: Evidence = {
    stories: [story],
    rows: new Map([['call', row]]),
    traces: new Map(),
    histories: new Map(),
    strays: [],
    absences: [],
    answers: [],
    revocations: [],
    faults: [{ name: 'lost', group, countsFrom: 'end', beganAt: endedAt - 100, endedAt: endedAt + 2000 }],
  };
  return judgeFacts(evidence).find(({ promise }) => promise === 'no-phantom-ring')?.breaches.length ?? -1;
};

it.each([
  { what: 'a ring that the phones’ network held back is none, with its stop right behind it', hasStop: true, group: 'phones', broken: 0 },
  { what: 'it is one without that stop', hasStop: false, group: 'phones', broken: 1 },
  { what: 'a ring that came late for any other reason is one', hasStop: true, group: 'redis', broken: 1 },
] as const)('phantom rings: $what', ({ hasStop, group, broken }) => {
  expect(phantoms({ hasStop, group })).toBe(broken);
});
