import type { AnswerChatCommand } from '../chat/chat-commands.ts';
import type { ChatDecider } from '../chat/chat-decider.ts';
import type { ChatOutcome } from '../chat/chat-world.ts';
import type { CallServiceMetrics } from './call-service-metrics.ts';

type Counted = Pick<CallServiceMetrics, 'decisions' | 'decisionSeconds'>;

/** Answers a command, and counts it by what came of it. */
const count = async <Answer extends { ok: true } | { ok: false; error: { code: string } }>(
  { decisions, decisionSeconds }: Counted,
  { command, dialect }: { command: string; dialect: string },
  answer: () => Promise<Answer>,
): Promise<Answer> => {
  const arrivedAt = performance.now();
  const answered = await answer();
  decisionSeconds.observe({ command }, (performance.now() - arrivedAt) / 1000);
  decisions.inc({ command, dialect, outcome: answered.ok ? 'ok' : answered.error.code });
  return answered;
};

/** The answers to what gateways pass on, counted. Chats are spoken in one dialect. */
export const countChatCommands =
  (answer: AnswerChatCommand, metrics: Counted): AnswerChatCommand =>
  (envelope) =>
    count(metrics, { command: envelope.command.type, dialect: 'otsy' }, () => answer(envelope));

/** The decider as REST asks it, with its commands counted. */
export const countRestChats = (decider: Pick<ChatDecider, 'decide'>, metrics: Counted): Pick<ChatDecider, 'decide'> => ({
  decide: (input) => {
    if (input.kind !== 'command') return decider.decide(input);
    return count(metrics, { command: input.envelope.command.type, dialect: 'rest' }, () => decider.decide(input));
  },
});

/** Counts the messages that a committed batch stored. */
export const countMessages = ({ messagesSent }: Pick<CallServiceMetrics, 'messagesSent'>, { sent }: Pick<ChatOutcome, 'sent'>): void => {
  for (const { type } of sent) messagesSent.inc({ type });
};
