import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { FAULT_NAMES, PACKET_FAULT_NAMES } from './faults/schedule.ts';
import { isSabotage, SABOTAGES, type Sabotage } from './sabotage.ts';
import { ownNetwork } from './system/namespace.ts';
import { mainIn } from './system/service-process.ts';

export const USAGE = `Usage: pnpm chaos [options]        people call each other while everything breaks, and every promise is checked
       pnpm chaos soak [options]   nothing is broken; memory, handles and subscriptions are watched instead

Options:
  --seconds N        how long calls are placed (60)
  --minutes N        the same in minutes
  --times N          until each fault has happened N times; with --seconds or --minutes no longer than that
  --rate N           calls a second (20; soak 50)
  --seed N           decides who does what, and which fault comes when (a new one)
  --faults A[,B…]    only these, or "none" (all of them, in turn)
  --namespace        runs in a network namespace of its own, as root, where packets are lost too
  --scale N          how long faults last, 1 as in a long run (as short as it takes for each to happen in the time)
  --rest N           seconds between two faults (7, as much shorter as they are)
  --gateways N       gateway processes (2)
  --call-services N  call-service processes (2)
  --beside DIR       half of the services run from the checkout in DIR, its dependencies installed, and each changes sides
                     when it is started again: two versions at once, as in a rollout
  --not-durable      PostgreSQL does not wait for its disk
  --facts-only       delays are shown, and not judged: for machines that others use
  --sabotage P       breaks promise P on purpose: the run must fail

Faults: ${FAULT_NAMES.join(', ')}
With --namespace: ${PACKET_FAULT_NAMES.join(', ')}
Promises that can be sabotaged: ${Object.keys(SABOTAGES).join(', ')}`;

export class UsageError extends Error {}

const number = (least: number, most: number) => z.coerce.number().min(least).max(most);
const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const Options = z.object({
  seconds: number(1, 86_400).optional(),
  minutes: number(0.1, 1440).optional(),
  rate: number(0.5, 1000).optional(),
  seed: count(1, 2 ** 31 - 1).optional(),
  faults: z
    .string()
    .transform((text) => (text === 'none' ? [] : text.split(',')))
    .pipe(z.array(z.enum([...FAULT_NAMES, ...PACKET_FAULT_NAMES] as [string, ...string[]])))
    .optional(),
  scale: number(0.01, 10).optional(),
  rest: number(0, 600).optional(),
  gateways: count(1, 8).default(2),
  callServices: count(1, 8).default(2),
  times: count(1, 1000).optional(),
  namespace: z.boolean().default(false),
  /** Said by the command to itself: the network that it is no longer in. */
  leftNetwork: z
    .string()
    .refine((left) => left !== ownNetwork(), 'this is still the same network')
    .optional(),
  beside: z
    .string()
    .transform((folder) => resolve(folder))
    .refine((folder) => existsSync(mainIn(folder, 'call-service')), 'there is no checkout of Trunkline')
    .optional(),
  notDurable: z.boolean().default(false),
  factsOnly: z.boolean().default(false),
  sabotage: z
    .string()
    .refine(isSabotage, 'there is no such promise')
    .transform((name) => name as Sabotage)
    .optional(),
});
export type Options = z.output<typeof Options>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const FLAGS = {
  seconds: text,
  minutes: text,
  rate: text,
  seed: text,
  faults: text,
  scale: text,
  rest: text,
  gateways: text,
  'call-services': text,
  times: text,
  namespace: flag,
  'left-network': text,
  beside: text,
  'not-durable': flag,
  'facts-only': flag,
  sabotage: text,
  help: flag,
} as const;

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

export interface Request {
  isSoak: boolean;
  options: Options;
}

/** Rules touch all that a network carries: never the one that others use too. */
const refusePackets = ({ faults = [] }: Options): void => {
  const name = faults.find((each) => PACKET_FAULT_NAMES.includes(each));
  if (name !== undefined) throw new UsageError(`${name} needs --namespace`);
};

const readArgs = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

/** Null: help was asked for. @throws UsageError naming every problem */
export const parseRequest = (argv: readonly string[]): Request | null => {
  const { values, positionals } = readArgs(argv);
  if (values.help) return null;
  const [word, ...more] = positionals;
  if (more.length > 0 || (word !== undefined && word !== 'soak')) throw new UsageError(`there is no "${positionals.join(' ')}"`);
  const parsed = Options.safeParse(Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value])));
  if (parsed.success && !parsed.data.namespace) refusePackets(parsed.data);
  if (!parsed.success) throw new UsageError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  return { isSoak: word === 'soak', options: parsed.data };
};

const DEFAULT_SECONDS = 60;

/** Null: until each fault has happened as often as it should. */
export const secondsOf = ({ seconds, minutes, times }: Options): number | null =>
  seconds ?? (minutes === undefined ? null : minutes * 60) ?? (times === undefined ? DEFAULT_SECONDS : null);
