import { type CommandEnvelope, type CommandReply, CommandsResponse, INTERNAL_PATHS, refusal, type ServerEvent } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';
import { createReplyBatch, type SendForReply } from './reply-batch.ts';

/** A command on its way; the attempt is counted by whoever sends it. */
export type OutgoingCommand = Omit<CommandEnvelope, 'attempt'>;

/** What was not answered is a `service_error`. */
export type SendCommand = SendForReply<OutgoingCommand, CommandReply>;

/** `hear` is told of what Redis lacks, before the answers are given. */
export const createCommandSender = (client: CallServiceClient, log: Logger, hear: (event: ServerEvent) => void): SendCommand =>
  createReplyBatch<OutgoingCommand, CommandReply>({
    client,
    log,
    path: INTERNAL_PATHS.commands,
    schema: CommandsResponse,
    hear,
    unanswered: { ok: false, error: refusal('service_error') },
  });
