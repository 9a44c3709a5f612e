import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MAX_SOCKETS } from './load/fleet.ts';
import { CALL_DIALECTS } from './load/wire.ts';
import { CALL_SCRIPTS } from './scenarios/call-scripts.ts';

export const SCENARIOS = [
  ...(Object.keys(CALL_SCRIPTS) as (keyof typeof CALL_SCRIPTS)[]),
  'idle',
  'connect-rate',
  'reconnect-storm',
  'presence',
  'chat',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

const COMPARISONS = ['compare', 'idle-gateways', 'many-gateways'] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const USAGE = `Usage: pnpm bench [scenario] [options]
       pnpm bench compare [options]      against the ordinary server in bench/baseline, in turn
       pnpm bench idle-gateways [options]  what four more gateways cost that have no users, A B A B
       pnpm bench many-gateways [options]  what gateways and Redis hear with 1, 2, 4, 8 and 16 of them
       pnpm bench against DIR [options]  this checkout and the one in DIR, in turn

Scenarios: ${SCENARIOS.join(', ')} (ring-reject where none is given)

Options:
  --rate N[,N…]        operations a second; several make a sweep and a chart (500)
  --seconds N          how long each rate is measured, 60 at most (5; compare 2)
  --warm-up N          seconds before that which do not count (2)
  --connections N      users, ${MAX_SOCKETS} at most (1000; idle and reconnect-storm 2000)
  --gateways N         gateway processes, 16 at most (2)
  --call-services N    call-service processes, 8 at most (1)
  --dialect D          ${CALL_DIALECTS.join(', ')} (onlycare); chat is always otsy
  --system S           trunkline, or baseline: the ordinary server (trunkline; idle- and many-gateways: both)
  --find-max           search the highest rate with p99 ≤ 100 ms and no loss, from --rate
  --pairs N            compare, against, idle-gateways: how many times each (5, 3, 3)
  --up-to N            many-gateways: the most of them (16)
  --as-is              compare, against, idle-gateways: neither wait for a quiet machine nor repeat disturbed runs
  --seed N             for what is random (1)
  --profile DIR        write the services' CPU profiles there, and say what was hot
  --json FILE          write the results
  --svg FILE           write a sweep's chart (bench-<scenario>.svg)`;

export class UsageError extends Error {}

const number = (min: number, max: number) => z.coerce.number().min(min).max(max);
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const Options = z.object({
  rate: z
    .string()
    .transform((text): unknown[] => text.split(','))
    .pipe(z.array(number(1, 50_000)).min(1).max(20))
    .optional(),
  seconds: number(0.5, 60).optional(),
  warmUp: number(0, 30).default(2),
  connections: count(2, MAX_SOCKETS).optional(),
  gateways: count(1, 16).default(2),
  callServices: count(1, 8).default(1),
  dialect: z.enum(CALL_DIALECTS).default('onlycare'),
  system: z.enum(['trunkline', 'baseline']).optional(),
  findMax: z.boolean().default(false),
  pairs: count(1, 20).optional(),
  upTo: count(1, 16).default(16),
  asIs: z.boolean().default(false),
  seed: count(1, 2 ** 31 - 1).default(1),
  profile: z.string().optional(),
  json: z.string().optional(),
  svg: z.string().optional(),
});

export type Options = z.output<typeof Options>;

const Words = z.union([
  z.tuple([z.enum(SCENARIOS)]),
  z.tuple([z.enum(COMPARISONS)]),
  z.tuple([z.literal('against'), z.string()]),
  z.tuple([]).transform(() => ['ring-reject'] as const),
]);

export type Request = { words: z.output<typeof Words>; options: Options };

const text = { type: 'string' } as const;
const FLAGS = {
  rate: text,
  seconds: text,
  'warm-up': text,
  connections: text,
  gateways: text,
  'call-services': text,
  dialect: text,
  system: text,
  'find-max': { type: 'boolean' },
  pairs: text,
  'up-to': text,
  'as-is': { type: 'boolean' },
  seed: text,
  profile: text,
  json: text,
  svg: text,
  help: { type: 'boolean' },
} as const;

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Null: help was asked for. @throws UsageError naming every problem */
export const parseRequest = (argv: readonly string[]): Request | null => {
  const { values, positionals } = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  if (values.help) return null;
  const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value]));
  const words = Words.safeParse(positionals);
  if (!words.success) throw new UsageError(`there is no scenario "${positionals.join(' ')}"`);
  const options = Options.safeParse(given);
  if (!options.success) throw new UsageError(options.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  return { words: words.data, options: options.data };
};
