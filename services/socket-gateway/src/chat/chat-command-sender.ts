import { type ChatCommandEnvelope, ChatCommandsResponse, type ChatReply, INTERNAL_PATHS, refusal } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from '../call-service-client.ts';
import { createReplyBatch, type SendForReply } from '../reply-batch.ts';

/** A command on its way; the attempt is counted by whoever sends it. */
export type OutgoingChatCommand = Omit<ChatCommandEnvelope, 'attempt'>;

/** What was not answered is a `service_error`. */
export type SendChatCommand = SendForReply<OutgoingChatCommand, ChatReply>;

export const createChatCommandSender = (client: CallServiceClient, log: Logger): SendChatCommand =>
  createReplyBatch<OutgoingChatCommand, ChatReply>({
    client,
    log,
    path: INTERNAL_PATHS.chatCommands,
    schema: ChatCommandsResponse,
    about: (commands) => ({ chatIds: commands.map(({ command }) => command.chatId) }),
    unanswered: { ok: false, error: refusal('service_error') },
  });
