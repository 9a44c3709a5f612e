import type { CommandEnvelope, Traceparent } from '@trunkline/contract';
import type { OpenSpan, Tracing } from '@trunkline/service-kit';
import type { Decider } from '../calls/decider.ts';
import type { ChatDecider } from '../chat/chat-decider.ts';

type Deciding = Pick<Decider, 'decide'>;
type DecidingChats = Pick<ChatDecider, 'decide'>;

const callIdOf = ({ command, mintedCallId }: CommandEnvelope): string => command.callId ?? mintedCallId ?? '';

const underWay = (
  tracing: Tracing,
  { command, traceparent }: { command: { type: string }; traceparent?: Traceparent | undefined },
  attributes: Record<string, string>,
): OpenSpan | null => tracing.begin({ name: `decide ${command.type}`, kind: 'internal', parent: traceparent ?? null, attributes });

/** From the arrival of a command to its COMMIT. What comes over REST begins a trace here. */
export const traceDecisions = (decider: Deciding, tracing: Tracing | null): Deciding => {
  if (tracing === null) return decider;
  return {
    decide: async (input) => {
      if (input.kind !== 'command') return decider.decide(input);
      const { envelope } = input;
      const span = underWay(tracing, envelope, { 'trunkline.dialect': envelope.dialect, 'trunkline.call_id': callIdOf(envelope) });
      if (span === null) return decider.decide(input);
      const reply = await decider.decide({ kind: 'command', envelope: { ...envelope, traceparent: span.traceparent } });
      span.end(reply?.ok === false ? reply.error.code : undefined);
      return reply;
    },
  };
};

/** The same for chats. */
export const traceChatDecisions = (decider: DecidingChats, tracing: Tracing | null): DecidingChats => {
  if (tracing === null) return decider;
  return {
    decide: async (input) => {
      if (input.kind !== 'command') return decider.decide(input);
      const { envelope } = input;
      const span = underWay(tracing, envelope, { 'trunkline.chat_id': envelope.command.chatId });
      if (span === null) return decider.decide(input);
      const answer = await decider.decide({ kind: 'command', envelope: { ...envelope, traceparent: span.traceparent } });
      span.end(answer.ok ? undefined : answer.error.code);
      return answer;
    },
  };
};
