import type { Decider } from '../calls/decider.ts';
import type { CallServiceMetrics } from './call-service-metrics.ts';

/** The decider, with every command counted by what came of it, and timed. */
export const countCommands = (
  decider: Pick<Decider, 'decide'>,
  { decisions, decisionSeconds }: Pick<CallServiceMetrics, 'decisions' | 'decisionSeconds'>,
): Pick<Decider, 'decide'> => ({
  decide: async (input) => {
    if (input.kind !== 'command') return decider.decide(input);
    const { command, dialect } = input.envelope;
    const arrivedAt = performance.now();
    const reply = await decider.decide(input);
    decisionSeconds.observe({ command: command.type }, (performance.now() - arrivedAt) / 1000);
    decisions.inc({ command: command.type, dialect, outcome: reply === null || reply.ok ? 'ok' : reply.error.code });
    return reply;
  },
});
