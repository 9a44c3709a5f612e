import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CallId, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { askServer, CallServiceUrl } from '../ask-server.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';

const USAGE = `Usage: trunkline tail [options]

Follows what happens to calls, a line for each step as it is stored, until Ctrl-C. With neither --call nor --user: all calls, from now on.
It asks call-service again and again with the first key of SERVER_API_KEYS, or with the development key where that is not set; so it needs
no Redis and no database, and shows what is committed. Lines hold ids, never what people wrote.

Options:
  --call <id>  this call alone, from its first step
  --user <id>  the calls of this person, from now on
  --url <url>  where call-service is (http://127.0.0.1 and the port that dev has: CALL_SERVICE_PORT, else 4000)
  --json       a JSON object in each line`;

const Options = z
  .object({ call: CallId.optional(), user: UserId.optional(), url: CallServiceUrl, json: z.boolean().default(false) })
  .refine(({ call, user }) => call === undefined || user === undefined, { path: ['user'], error: 'cannot go with --call' });
type Options = z.output<typeof Options>;

const Feed = z.object({
  next: z.number(),
  steps: z.array(
    z.looseObject({
      id: z.number(),
      callId: z.string(),
      callerId: z.string(),
      calleeId: z.string(),
      at: z.string(),
      kind: z.string(),
      userId: z.string().nullable(),
      deviceId: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()).nullable(),
    }),
  ),
});
type Step = z.output<typeof Feed>['steps'][number];

const EVERY_MS = 500;
/** Numbers are given before steps are committed, so that one may turn up behind others: so many are looked at again. */
const LOOK_BACK = 200;
const REMEMBERED = 10_000;

/** @throws UsageError naming every problem */
const parseOptions = (args: readonly string[]): Options => {
  const options = { call: { type: 'string' }, user: { type: 'string' }, url: { type: 'string' }, json: { type: 'boolean' } } as const;
  const parsed = Options.safeParse(parseArgs({ args: [...args], options }).values);
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
};

const detailOf = (detail: Step['detail']): string[] => Object.entries(detail ?? {}).map(([name, value]) => `${name}=${String(value)}`);

const lineOf = ({ at, callId, callerId, calleeId, kind, userId, deviceId, detail }: Step): string =>
  [
    at.slice(11, 23),
    callId,
    `${callerId} → ${calleeId}`,
    kind,
    userId ?? 'system',
    ...(deviceId === null ? [] : [deviceId]),
    ...detailOf(detail),
  ].join('  ');

const pathOf = ({ call, user }: Options, after: number | null): string => {
  const asked = { callId: call, userId: user, after: after === null ? undefined : String(after) };
  const given = Object.entries(asked).filter((entry): entry is [string, CallId | UserId] => entry[1] !== undefined);
  return `/v1/server/steps?${new URLSearchParams(given)}`;
};

const follow = async (options: Options, { env, print, printError, signal }: CommandContext): Promise<void> => {
  const ask = async (after: number | null) => Feed.parse(await askServer({ url: options.url, path: pathOf(options, after), env }));
  const begins = options.call === undefined ? (await ask(null)).next : 0;
  const seen = new Set<number>();
  let next = begins;
  let lostWith: string | null = null;
  const look = async (): Promise<void> => {
    const feed = await ask(Math.max(begins, next - LOOK_BACK));
    const fresh = feed.steps.filter(({ id }) => !seen.has(id));
    for (const step of fresh) {
      seen.add(step.id);
      print(options.json ? JSON.stringify(step) : lineOf(step));
    }
    for (const id of seen) if (seen.size > REMEMBERED) seen.delete(id);
    next = Math.max(next, feed.next);
  };
  await look();
  while (signal?.aborted !== true) {
    await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    const problem = await look().then(
      () => null,
      (error: Error) => error.message,
    );
    if (problem !== null && problem !== lostWith) printError(`trunkline tail: ${problem}; trying again`);
    lostWith = problem;
  }
};

export const tail: Command = {
  name: 'tail',
  summary: 'follow what happens to calls, step by step',
  usage: USAGE,
  run: async (args, context) => {
    await follow(parseOptions(args), context);
    return 0;
  },
};
