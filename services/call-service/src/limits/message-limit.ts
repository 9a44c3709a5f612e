import { refusal } from '@trunkline/contract';
import type { ChatDecider } from '../chat/chat-decider.ts';
import type { ChatInput } from '../chat/chat-world.ts';
import type { RateLimit } from './rate-limit.ts';

const senderOf = (input: ChatInput): string | null =>
  input.kind === 'command' && input.envelope.command.type === 'send_message' && input.envelope.attempt === 1
    ? input.envelope.actor.userId
    : null;

/** Lets a person send only so many messages, over sockets and REST together. What an edge repeats is counted once. */
export const limitMessages = (decider: Pick<ChatDecider, 'decide'>, perSender: RateLimit): Pick<ChatDecider, 'decide'> => ({
  decide: async (input) => {
    const sender = senderOf(input);
    const retryAfterSeconds = sender === null ? null : await perSender.take(sender);
    if (retryAfterSeconds === null) return decider.decide(input);
    return { ok: false, error: { ...refusal('rate_limited'), retryAfterSeconds } };
  },
});
