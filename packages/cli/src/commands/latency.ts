import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { httpUrl } from '@trunkline/service-kit';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { type Command, type Environment, UsageError } from '../command.ts';
import { devUrls } from '../dev/dev-urls.ts';
import { mintToken } from '../mint-token.ts';

const USAGE = `Usage: trunkline latency [options]

Places calls from one gateway to another, has each rejected, and prints how long the ring and the reject took to arrive.
The users are made up; their tokens are signed with JWT_SECRET, or with the development secret where that is not set.

Options:
  --calls <n>     how many, one after another (80 where not given, 2,000 at most)
  --caller <url>  the caller's gateway
  --callee <url>  the callee's gateway

Where they are not given: the first and the last gateway of dev, as GATEWAY_PORT (4001) and GATEWAYS (2) say.`;

const Request = z.object({
  calls: z.coerce.number().int().min(1).max(2000).default(80),
  caller: httpUrl().optional(),
  callee: httpUrl().optional(),
});

/** As many as a pair may place in a minute where the limits are the default ones. */
const CALLS_PER_PAIR = 8;
const PATIENCE_MS = 10_000;

interface Pair extends AsyncDisposable {
  caller: Socket;
  callee: Socket;
  calleeId: string;
}

interface Gateways {
  caller: string;
  callee: string;
}

interface Timing {
  ringMs: number;
  rejectMs: number;
}

const heard = <Body extends { callId: string }>(socket: Socket, event: string): Promise<Body> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`never heard ${event}`)), PATIENCE_MS);
    socket.once(event, (body: Body) => {
      clearTimeout(timer);
      resolve(body);
    });
  });

const connect = async (url: string, userId: string, env: Environment): Promise<Socket> => {
  const token = await mintToken({ userId, ttlSeconds: 600 }, env);
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error) => reject(new Error(`${url}: ${error.message}`)));
  });
  return socket;
};

const connectPair = async (urls: Gateways, env: Environment): Promise<Pair> => {
  const calleeId = `latency-${randomUUID()}`;
  const [caller, callee] = await Promise.all([connect(urls.caller, `latency-${randomUUID()}`, env), connect(urls.callee, calleeId, env)]);
  return {
    caller,
    callee,
    calleeId,
    async [Symbol.asyncDispose]() {
      caller.disconnect();
      callee.disconnect();
    },
  };
};

const timeCall = async ({ caller, callee, calleeId }: Pair): Promise<Timing> => {
  const incoming = heard(callee, 'call:incoming');
  const rejected = heard(caller, 'call:rejected');
  const placedAt = performance.now();
  await caller.timeout(PATIENCE_MS).emitWithAck('call:initiate', { receiverId: calleeId });
  const { callId } = await incoming;
  const rangAt = performance.now();
  callee.emit('call:reject', { callId });
  await rejected;
  return { ringMs: rangAt - placedAt, rejectMs: performance.now() - rangAt };
};

const timeCalls = async (calls: number, urls: Gateways, env: Environment): Promise<Timing[]> => {
  const timings: Timing[] = [];
  while (timings.length < calls) {
    await using pair = await connectPair(urls, env);
    const goal = Math.min(calls, timings.length + CALLS_PER_PAIR);
    while (timings.length < goal) timings.push(await timeCall(pair));
  }
  return timings;
};

const row = (name: string, values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number).toFixed(1);
  return `${name.padEnd(20)} p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   longest ${at(1)} ms`;
};

/** @throws UsageError naming the problem */
const parseRequest = (args: readonly string[]): z.output<typeof Request> => {
  const text = { type: 'string' } as const;
  const parsed = Request.safeParse(parseArgs({ args: [...args], options: { calls: text, caller: text, callee: text } }).values);
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
};

const gatewaysOf = ({ caller, callee }: z.output<typeof Request>, env: Environment): Gateways => {
  if (caller !== undefined && callee !== undefined) return { caller, callee };
  const ofDev = devUrls(env).gateways;
  return { caller: caller ?? (ofDev[0] as string), callee: callee ?? (ofDev.at(-1) as string) };
};

export const latency: Command = {
  name: 'latency',
  summary: 'ring and reject between two gateways, and print how long it took',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const request = parseRequest(args);
    const timings = await timeCalls(request.calls, gatewaysOf(request, env), env);
    print(`${timings.length} calls, one after another`);
    print(
      row(
        'place → incoming',
        timings.map(({ ringMs }) => ringMs),
      ),
    );
    print(
      row(
        'reject → rejected',
        timings.map(({ rejectMs }) => rejectMs),
      ),
    );
    return 0;
  },
};
