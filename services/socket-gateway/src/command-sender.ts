import {
  type CommandEnvelope,
  type CommandReply,
  CommandsResponse,
  INTERNAL_PATHS,
  MAX_SIGNAL_BYTES,
  refusal,
  type ServerEvent,
} from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';
import { bytesOfText, createReplyBatch, type SendForReply } from './reply-batch.ts';

/** A command on its way; the attempt, and what is left of its time, are added by whoever sends it. */
export type OutgoingCommand = Omit<CommandEnvelope, 'attempt' | 'wantedForMs'>;

/** What was not answered is a `service_error`. */
export type SendCommand = SendForReply<OutgoingCommand, CommandReply>;

/** How many places may wait for the app's hook at once. */
export const PLACES_AT_ONCE = 64;

export interface CommandSenderOptions {
  client: CallServiceClient;
  /** With connections of its own, for what may take long. */
  placesClient: CallServiceClient;
  /** Whether the app's hook is asked before a call rings. */
  placesAreScreened(): boolean;
  log: Logger;
  /** Told of what Redis lacks, before the answers are given. */
  hear(event: ServerEvent): void;
}

/** Commands travel together; a place that may have to wait for the app's backend goes alone, so that it delays no other. */
export const createCommandSender = ({ client, placesClient, placesAreScreened, log, hear }: CommandSenderOptions): SendCommand => {
  const common = {
    log,
    path: INTERNAL_PATHS.commands,
    schema: CommandsResponse,
    hear,
    bytesIn: ({ actor, command }: OutgoingCommand) => bytesOfText(actor.avatar) + (command.type === 'relay_signal' ? MAX_SIGNAL_BYTES : 0),
    about: (commands: readonly OutgoingCommand[]) => ({
      callIds: commands.map(({ command, mintedCallId }) => command.callId ?? mintedCallId),
    }),
  };
  const unanswered: CommandReply = { ok: false, error: refusal('service_error') };
  const together = createReplyBatch<OutgoingCommand, CommandReply>({ ...common, client, unanswered });
  const pace = { maxItems: 1, maxInFlight: PLACES_AT_ONCE };
  const alone = createReplyBatch<OutgoingCommand, CommandReply>({ ...common, client: placesClient, unanswered, pace });
  return (command, isWanted) => (command.command.type === 'place_call' && placesAreScreened() ? alone : together)(command, isWanted);
};
