import { MAX_BATCH } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { z } from 'zod';
import type { CallServiceClient } from './call-service-client.ts';

export interface ReplyBatchOptions<Reply> {
  client: CallServiceClient;
  log: Logger;
  /** Takes `{commands}` and answers `{replies}`, in the same order. */
  path: string;
  schema: z.ZodType<{ replies: Reply[] }>;
  /** What a command is answered that no call-service took in time. */
  unanswered: Reply;
}

const MAX_IN_FLIGHT = 4;
const BUDGET_MS = 3000;

interface Waiting<Command> {
  readonly command: Command;
  isWanted(): boolean;
}

const always = (): boolean => true;

/**
 * Sends the commands of all connections together, as many as arrived while the last ones were under way. Never rejects. One that is
 * not wanted any more when its turn comes is not sent.
 */
export const createReplyBatch = <Command extends object, Reply>({
  client,
  log,
  path,
  schema,
  unanswered,
}: ReplyBatchOptions<Reply>): ((command: Command, isWanted?: () => boolean) => Promise<Reply>) => {
  const post = async (commands: Command[]): Promise<Reply[]> => {
    const { value } = await client.post({
      path,
      bodyFor: (attempt) => ({ commands: commands.map((command) => ({ ...command, attempt })) }),
      schema,
      budgetMs: BUDGET_MS,
    });
    if (value.replies.length !== commands.length) throw new Error(`${commands.length} commands got ${value.replies.length} replies`);
    return value.replies;
  };

  const answersTo = async (commands: Command[]): Promise<Reply[]> => {
    if (commands.length === 0) return [];
    try {
      return await post(commands);
    } catch (error) {
      log.error({ err: error, path, commands: commands.length }, 'commands were not answered');
      return commands.map(() => unanswered);
    }
  };

  const batch = createMicroBatch<Waiting<Command>, Reply>({
    maxItems: MAX_BATCH,
    maxInFlight: MAX_IN_FLIGHT,
    run: async (waiting) => {
      const wanted = waiting.filter(({ isWanted }) => isWanted());
      const replies = await answersTo(wanted.map(({ command }) => command));
      const replyTo = new Map(wanted.map((entry, index) => [entry, replies[index]]));
      return waiting.map((entry) => replyTo.get(entry) ?? unanswered);
    },
  });
  return (command, isWanted = always) => batch.add({ command, isWanted });
};
