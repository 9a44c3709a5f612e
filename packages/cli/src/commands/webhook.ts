import { parseArgs } from 'node:util';
import { CallId, WebhookType } from '@trunkline/contract';
import { z } from 'zod';
import { askServer, CallServiceUrl } from '../ask-server.ts';
import { type Command, UsageError } from '../command.ts';
import { parseDurationSeconds } from '../duration.ts';

const USAGE = `Usage: trunkline webhook replay --since <time> [options]

Has the webhooks since then sent again, the oldest first, under their first ids.
It asks call-service with the first key of SERVER_API_KEYS, or with the development key where that is not set.

Options:
  --since <time>   an ISO 8601 time with its zone, or how long ago: 90s, 30m, 1h, 7d
  --type <type>    only these, as call.ended; may be given again
  --call <callId>  only those of this call
  --url <url>      where call-service is (http://127.0.0.1 and the port that dev has: CALL_SERVICE_PORT, else 4000)`;

const Replayed = z.object({ replayed: z.number() });

/** A week of webhooks is millions of rows. */
const PATIENCE_MS = 240_000;

const OPTIONS = {
  since: { type: 'string' },
  type: { type: 'string', multiple: true },
  call: { type: 'string' },
  url: { type: 'string' },
} as const;

const sinceOf = (text: string): string => {
  const seconds = parseDurationSeconds(text);
  if (seconds !== null) return new Date(Date.now() - seconds * 1000).toISOString();
  if (z.iso.datetime({ offset: true }).safeParse(text).success) return text;
  throw new UsageError(`--since: "${text}" is neither a time nor a duration`);
};

const typeOf = (text: string): WebhookType => {
  const type = WebhookType.safeParse(text);
  if (type.success) return type.data;
  throw new UsageError(`--type: there is no "${text}", only ${WebhookType.options.join(', ')}`);
};

const callIdOf = (text: string): CallId => {
  const callId = CallId.safeParse(text);
  if (callId.success) return callId.data;
  throw new UsageError(`--call: ${callId.error.issues[0]?.message}`);
};

export const webhook: Command = {
  name: 'webhook',
  summary: 'have webhooks sent again',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (positionals.join(' ') !== 'replay') throw new UsageError('Say what to do: replay.');
    if (values.since === undefined) throw new UsageError('--since: say since when.');
    const url = CallServiceUrl.safeParse(values.url);
    if (!url.success) throw new UsageError(`--url: ${url.error.issues[0]?.message}`);
    const { since, type, call } = values;
    const body = { since: sinceOf(since), types: type?.map(typeOf), callId: call === undefined ? undefined : callIdOf(call) };
    const request = { url: url.data, path: '/v1/server/webhooks/replay', env, method: 'POST' as const, body, patienceMs: PATIENCE_MS };
    const { replayed } = Replayed.parse(await askServer(request));
    print(`${replayed} webhooks are sent again.`);
    return 0;
  },
};
