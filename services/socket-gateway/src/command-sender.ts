import { type CommandEnvelope, type CommandReply, CommandsResponse, INTERNAL_PATHS, MAX_BATCH, refusal } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from './call-service-client.ts';

/** A command on its way; the attempt is counted by whoever sends it. */
export type OutgoingCommand = Omit<CommandEnvelope, 'attempt'>;

/**
 * MUST resolve for every command, with `service_error` where no call-service answered in time, and for one that is not wanted any more
 * when its turn comes, which is not sent.
 */
export type SendCommand = (command: OutgoingCommand, isWanted: () => boolean) => Promise<CommandReply>;

interface Waiting {
  readonly command: OutgoingCommand;
  isWanted(): boolean;
}

const MAX_IN_FLIGHT = 4;
const BUDGET_MS = 3000;
const UNANSWERED: CommandReply = { ok: false, error: refusal('service_error') };

/** Sends the commands of all connections together, as many as arrived while the last ones were under way. */
export const createCommandSender = (client: CallServiceClient, log: Logger): SendCommand => {
  const post = async (commands: OutgoingCommand[]): Promise<CommandReply[]> => {
    const { value } = await client.post({
      path: INTERNAL_PATHS.commands,
      bodyFor: (attempt) => ({ commands: commands.map((command) => ({ ...command, attempt })) }),
      schema: CommandsResponse,
      budgetMs: BUDGET_MS,
    });
    if (value.replies.length !== commands.length) throw new Error(`${commands.length} commands got ${value.replies.length} replies`);
    return value.replies;
  };

  const answersTo = async (commands: OutgoingCommand[]): Promise<CommandReply[]> => {
    if (commands.length === 0) return [];
    try {
      return await post(commands);
    } catch (error) {
      log.error({ err: error, commands: commands.length }, 'commands were not answered');
      return commands.map(() => UNANSWERED);
    }
  };

  const batch = createMicroBatch<Waiting, CommandReply>({
    maxItems: MAX_BATCH,
    maxInFlight: MAX_IN_FLIGHT,
    run: async (waiting) => {
      const wanted = waiting.filter(({ isWanted }) => isWanted());
      const replies = await answersTo(wanted.map(({ command }) => command));
      const replyTo = new Map(wanted.map((entry, index) => [entry, replies[index]]));
      return waiting.map((entry) => replyTo.get(entry) ?? UNANSWERED);
    },
  });
  return (command, isWanted) => batch.add({ command, isWanted });
};
