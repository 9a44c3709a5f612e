import { MAX_BATCH, type ServerEvent } from '@trunkline/contract';
import { createMicroBatch, type Logger, type MicroBatchOptions } from '@trunkline/service-kit';
import type { z } from 'zod';
import type { CallServiceClient } from './call-service-client.ts';

export interface ReplyBatchOptions<Command, Reply> {
  client: CallServiceClient;
  log: Logger;
  /** Takes `{commands}` and answers `{replies}`, in the same order. */
  path: string;
  schema: z.ZodType<{ replies: Reply[]; events?: ServerEvent[] }>;
  /** Told of the events in an answer, before the replies are. */
  hear?: (event: ServerEvent) => void;
  /** How many go together, how many such at once, and how far apart. */
  pace?: Pick<MicroBatchOptions<never, never>, 'maxItems' | 'maxInFlight' | 'apartMs'>;
  /** How many bytes of JSON its long texts may have, at most. */
  bytesIn(command: Command): number;
  /** What a command is answered that no call-service took in time. */
  unanswered: Reply;
  /** What commands are about, for the log. */
  about(commands: readonly Command[]): Readonly<Record<string, readonly (string | null)[]>>;
}

const TOGETHER = { maxItems: MAX_BATCH, maxInFlight: 2, apartMs: 3 };
/** call-service takes 4 MiB in one request. */
const MOST_BYTES = 3 * 1024 * 1024;
/** The most that ids, names and our own words have in one command. */
const SHORT_TEXTS_BYTES = 8192;
/** A control character, as `\u0001`. */
const BYTES_OF_A_CHARACTER = 6;

/** How many bytes a text may have in JSON, at most. */
export const bytesOfText = (text: string | null | undefined): number => BYTES_OF_A_CHARACTER * (text?.length ?? 0);

/** From a command's arrival to its answer, its turn awaited: with its way to the client, less than three seconds. */
const BUDGET_MS = 2800;

/** What has waited so long for its turn would be answered too late, whatever became of it. */
const TOO_LATE_MS = 2600;

interface Waiting<Command> {
  readonly command: Command;
  /** By `performance.now()`. */
  readonly arrivedAt: number;
  isWanted(): boolean;
}

/** MUST resolve, with what is unanswered where no call-service answered in time, or where `isWanted` says no when its turn comes. */
export type SendForReply<Command, Reply> = (command: Command, isWanted?: () => boolean) => Promise<Reply>;

/** Sends the commands of all connections together, as many as arrived while the last ones were under way. */
export const createReplyBatch = <Command extends object, Reply>({
  client,
  log,
  path,
  schema,
  pace = TOGETHER,
  bytesIn,
  unanswered,
  about,
  hear,
}: ReplyBatchOptions<Command, Reply>): SendForReply<Command, Reply> => {
  const post = async (commands: Command[], budgetMs: number): Promise<Reply[]> => {
    const { value } = await client.post({
      path,
      bodyFor: (attempt, wantedForMs) => ({ commands: commands.map((command) => ({ ...command, attempt, wantedForMs })) }),
      schema,
      budgetMs,
    });
    if (value.replies.length !== commands.length) throw new Error(`${commands.length} commands got ${value.replies.length} replies`);
    for (const event of value.events ?? []) hear?.(event);
    return value.replies;
  };

  const repliesTo = async (commands: Command[], budgetMs: number): Promise<Reply[]> => {
    if (commands.length === 0) return [];
    try {
      return await post(commands, budgetMs);
    } catch (error) {
      log.error({ err: error, path, ...about(commands) }, 'commands were not answered');
      return commands.map(() => unanswered);
    }
  };

  const batch = createMicroBatch<Waiting<Command>, Reply>({
    ...pace,
    maxWeight: MOST_BYTES,
    weightOf: ({ command }) => SHORT_TEXTS_BYTES + bytesIn(command),
    run: async (waiting) => {
      const now = performance.now();
      const wanted = waiting.filter(({ arrivedAt, isWanted }) => now - arrivedAt < TOO_LATE_MS && isWanted());
      // They wait in the order of their arrival.
      const waitedMs = now - (wanted[0]?.arrivedAt ?? now);
      const commands = wanted.map(({ command }) => command);
      const replies = await repliesTo(commands, BUDGET_MS - waitedMs);
      const replyTo = new Map(wanted.map((entry, index) => [entry, replies[index]]));
      return waiting.map((entry) => replyTo.get(entry) ?? unanswered);
    },
  });
  return (command, isWanted = () => true) => batch.add({ command, arrivedAt: performance.now(), isWanted });
};
