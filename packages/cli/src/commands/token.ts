import { parseArgs } from 'node:util';
import { DeviceId, storableText, UserId } from '@trunkline/contract';
import { z } from 'zod';
import { type Command, UsageError } from '../command.ts';
import { parseDurationSeconds } from '../duration.ts';
import { mintToken } from '../mint-token.ts';

const USAGE = `Usage: trunkline token <userId> [options]

Prints a user's access token (JWT, HS256), signed with JWT_SECRET, or with the development secret where that is not set.

Options:
  --name <name>      the name that others see
  --role <role>      user, otomo, shopper, ...
  --ttl <duration>   how long it is good for: 90s, 30m, 1h, 7d (24h where not given)
  --device <id>      the installation of the app that it is for
  --picture <url>    the picture that others see`;

const TokenRequest = z.object({
  userId: UserId,
  name: storableText(200).min(1).optional(),
  role: storableText(64).min(1).optional(),
  ttl: z
    .string()
    .default('24h')
    .transform((text, context) => {
      const seconds = parseDurationSeconds(text);
      if (seconds !== null) return seconds;
      context.addIssue({ code: 'custom', message: `"${text}" is not a duration such as 90s, 30m, 1h or 7d, of a year at most` });
      return z.NEVER;
    }),
  device: DeviceId.optional(),
  picture: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .max(2048)
    .optional(),
});

const text = { type: 'string' } as const;

/** @throws UsageError naming every problem */
const parseTokenRequest = (args: readonly string[]): z.output<typeof TokenRequest> => {
  const options = { name: text, role: text, ttl: text, device: text, picture: text };
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (positionals.length !== 1) throw new UsageError(positionals.length === 0 ? 'Whose token? Give a user id.' : 'One user id at a time.');
  const parsed = TokenRequest.safeParse({ ...values, userId: positionals[0] });
  if (parsed.success) return parsed.data;
  throw new UsageError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
};

export const token: Command = {
  name: 'token',
  summary: "print a user's access token",
  usage: USAGE,
  run: async (args, { env, print }) => {
    const { ttl, device, ...claims } = parseTokenRequest(args);
    print(await mintToken({ ...claims, ttlSeconds: ttl, deviceId: device }, env));
    return 0;
  },
};
