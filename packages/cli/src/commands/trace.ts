import { parseArgs } from 'node:util';
import { CallId } from '@trunkline/contract';
import { z } from 'zod';
import { askServer, CallServiceUrl } from '../ask-server.ts';
import { columns } from '../columns.ts';
import { type Command, UsageError } from '../command.ts';

const USAGE = `Usage: trunkline trace <callId> [options]

Prints what happened to a call, step by step and device by device, and why it went as it went.
It asks call-service with the first key of SERVER_API_KEYS, or with the development key where that is not set.

Options:
  --url <url>  where call-service is (http://127.0.0.1 and the port that dev has: CALL_SERVICE_PORT, else 4000)
  --json       print the answer as it came`;

const Options = z.object({
  callId: CallId,
  url: CallServiceUrl,
  json: z.boolean().default(false),
});

/** As much of the answer as is printed. */
const Trace = z.object({
  callId: z.string(),
  callerId: z.string(),
  calleeId: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  placedAt: z.string(),
  verdict: z.string(),
  says: z.string(),
  reach: z.string(),
  steps: z.array(
    z.object({
      kind: z.string(),
      sinceMs: z.number(),
      side: z.string(),
      deviceId: z.string().nullable(),
      sessionId: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()).nullable(),
    }),
  ),
});
type Trace = z.output<typeof Trace>;

/** @throws UsageError naming every problem */
const parseOptions = (args: readonly string[]): z.output<typeof Options> => {
  const options = { url: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (positionals.length !== 1) throw new UsageError(positionals.length === 0 ? 'Which call? Give a call id.' : 'One call id at a time.');
  const parsed = Options.safeParse({ ...values, callId: positionals[0] });
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
};

const since = (milliseconds: number): string => `+${(milliseconds / 1000).toFixed(3)} s`;

const detailOf = (detail: Trace['steps'][number]['detail']): string =>
  Object.entries(detail ?? {})
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');

const stepRow = ({ sinceMs, side, deviceId, sessionId, kind, detail }: Trace['steps'][number]): string[] => [
  since(sinceMs),
  side,
  deviceId ?? (sessionId === null ? '-' : `session ${sessionId.slice(0, 8)}`),
  kind,
  detailOf(detail),
];

const linesOf = (trace: Trace): string[] => [
  `${trace.callId}: ${trace.callerId} → ${trace.calleeId}, placed ${trace.placedAt}, ${trace.state}${trace.reason === null ? '' : ` (${trace.reason})`}`,
  '',
  ...columns([['since', 'side', 'device', 'step', 'detail'], ...trace.steps.map(stepRow)]),
  '',
  `verdict: ${trace.verdict} (the ring came: ${trace.reach})`,
  trace.says,
];

export const trace: Command = {
  name: 'trace',
  summary: 'print what happened to a call, and why',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const { callId, url, json } = parseOptions(args);
    const answer = await askServer({ url, path: `/v1/server/calls/${callId}/trace`, env });
    for (const line of json ? [JSON.stringify(answer, null, 2)] : linesOf(Trace.parse(answer))) print(line);
    return 0;
  },
};
