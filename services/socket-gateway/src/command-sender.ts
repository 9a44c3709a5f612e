import { type CommandEnvelope, type CommandReply, CommandsResponse, INTERNAL_PATHS, refusal } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';
import { createReplyBatch } from './reply-batch.ts';

/** A command on its way; the attempt is counted by whoever sends it. */
export type OutgoingCommand = Omit<CommandEnvelope, 'attempt'>;

/**
 * MUST resolve for every command, with `service_error` where no call-service answered in time, and for one that is not wanted any more
 * when its turn comes, which is not sent.
 */
export type SendCommand = (command: OutgoingCommand, isWanted: () => boolean) => Promise<CommandReply>;

export const createCommandSender = (client: CallServiceClient, log: Logger): SendCommand =>
  createReplyBatch<OutgoingCommand, CommandReply>({
    client,
    log,
    path: INTERNAL_PATHS.commands,
    schema: CommandsResponse,
    unanswered: { ok: false, error: refusal('service_error') },
  });
