import { parseArgs } from 'node:util';
import { z } from 'zod';

export const USAGE = `Usage: pnpm siege [options]
       pnpm siege timing [--rounds N]    whether the time of an answer tells a stranger anything (1000 rounds)

Attackers of every kind at once, beside honest people who place calls, against processes of its own.
Prints what was promised and what was seen, and exits with 1 where a promise was broken.

Options:
  --seconds N    how long the attack lasts, and the quiet time before it (60)
  --attackers N  connections that attack at once (1000)
  --honest N     people who do not (500)
  --rate N       calls a second that these place (50)
  --pace N       how often attackers act and come again, 1 being as often as they mean to (1)
  --frames N     malformed frames after that, in all dialects (1000000)
  --gateways N   gateway processes (2)
  --factor N     how many times as long as without attackers the honest may wait; 0: not judged (2)
  --profile DIR  has every service write a CPU profile there when it ends
  --only TEXT    only the attacks whose names hold this
  --seed N       for what is random (1)`;

const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const Options = z.object({
  seconds: z.coerce.number().min(1).max(600).default(60),
  attackers: count(16, 5000).default(1000),
  honest: count(12, 5000).default(500),
  rate: z.coerce.number().min(1).max(1000).default(50),
  frames: count(0, 100_000_000).default(1_000_000),
  gateways: count(1, 8).default(2),
  pace: z.coerce.number().min(0.01).max(10).default(1),
  factor: z.coerce.number().min(0).max(100).default(2),
  rounds: count(10, 1_000_000).default(1000),
  only: z.string().default(''),
  profile: z.string().min(1).nullable().default(null),
  seed: count(1, 2 ** 31 - 1).default(1),
});

export type SiegeOptions = z.output<typeof Options> & { what: 'siege' | 'timing' };

const text = { type: 'string' } as const;
const FLAGS = {
  seconds: text,
  attackers: text,
  honest: text,
  rate: text,
  frames: text,
  gateways: text,
  pace: text,
  factor: text,
  rounds: text,
  only: text,
  profile: text,
  seed: text,
} as const;

/** Null: it makes no sense, or help was asked for. */
export const parseSiege = (argv: readonly string[]): SiegeOptions | null => {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
    const [what] = z.tuple([z.enum(['siege', 'timing'])]).parse(positionals.length === 0 ? ['siege'] : positionals);
    return { ...Options.parse(values), what };
  } catch {
    return null;
  }
};
