import { CallState, isFinal } from '@trunkline/contract';
import { TRANSITIONS, TRIGGER_PARTIES, type Trigger } from './transitions.ts';

const arrowsFrom = (from: CallState): string[] => {
  const byTarget = new Map<CallState, string[]>();
  for (const [trigger, { to, event }] of Object.entries(TRANSITIONS[from])) {
    if (event === null) continue;
    const label = TRIGGER_PARTIES[trigger as Trigger].join('/') === 'system' ? `${trigger}*` : trigger;
    byTarget.set(to, [...(byTarget.get(to) ?? []), label]);
  }
  return [...byTarget].map(([to, labels]) => `  ${from} --> ${to}: ${labels.join(', ')}`);
};

/** The life of a call as a Mermaid state diagram, drawn from the table itself. A star marks what only the system does. */
export const transitionDiagram = (): string =>
  [
    'stateDiagram-v2',
    '  [*] --> INITIATING: place',
    '  [*] --> REJECTED: place (busy)',
    ...CallState.options.flatMap(arrowsFrom),
    ...CallState.options.filter(isFinal).map((state) => `  ${state} --> [*]`),
  ].join('\n');
