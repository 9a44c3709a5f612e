import { parseArgs } from 'node:util';
import type { ReceivedPush } from '@trunkline/push-stand-in';
import { z } from 'zod';
import { type Command, UsageError } from '../command.ts';
import { loadDevSettings } from '../dev/dev-settings.ts';

const USAGE = `Usage: trunkline pushes [options]

Lists what "pnpm dev" would have pushed to phones: its stand-in for FCM takes all of it and sends nothing on.

Options:
  --last <count>   the last so many alone (20 where not given)
  --json           as JSON, everything that was received of each

Where the stand-in is: PUSH_STAND_IN_PORT (4070).`;

const ANSWER_WITHIN_MS = 3000;

const Pushes = z.array(z.looseObject({ provider: z.enum(['fcm', 'web_push']), at: z.number(), target: z.string() }));

const fetchPushes = async (url: string): Promise<ReceivedPush[]> => {
  const answer = await fetch(`${url}/pushes`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(() => null);
  const parsed = Pushes.safeParse(await answer?.json().catch(() => null));
  if (parsed.success) return parsed.data as unknown as ReceivedPush[];
  const what = answer === null ? 'Nothing answers' : 'Something else than the push stand-in answers';
  throw new Error(
    `${what} at ${url}. "pnpm dev" runs the stand-in there, unless FCM is set up (FIREBASE_SERVICE_ACCOUNT, FCM_ENDPOINT, ` +
      'GOOGLE_APPLICATION_CREDENTIALS). PUSH_STAND_IN_PORT is its port.',
  );
};

/** Enough of a token to know it by. */
const short = (target: string): string => (target.length <= 24 ? target : `${target.slice(0, 10)}…${target.slice(-10)}`);

const contentOf = (push: ReceivedPush): unknown => (push.provider === 'fcm' ? push.message.data : push.payload);

const lifeOf = (push: ReceivedPush): string => {
  if (push.provider === 'web_push') return `ttl ${push.ttlSeconds}s`;
  const ttl = push.message.android?.ttl;
  return ttl === undefined ? '' : `ttl ${Math.round(Number.parseFloat(ttl))}s`;
};

const linesOf = (push: ReceivedPush): string[] => {
  const time = new Date(push.at).toTimeString().slice(0, 8);
  return [`${time}  ${push.provider}  to ${short(push.target)}  ${lifeOf(push)}`.trimEnd(), `  ${JSON.stringify(contentOf(push))}`];
};

const parseCount = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--last: "${text}" is no count`);
};

export const pushes: Command = {
  name: 'pushes',
  summary: 'list what dev would have pushed to phones',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const options = { last: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const count = parseCount(values.last);
    const { PUSH_STAND_IN_PORT } = loadDevSettings(env);
    const received = (await fetchPushes(`http://127.0.0.1:${PUSH_STAND_IN_PORT}`)).slice(-count);
    if (values.json) print(JSON.stringify(received, null, 2));
    else if (received.length === 0) print('Nothing was pushed yet.');
    else for (const line of received.flatMap(linesOf)) print(line);
    return 0;
  },
};
