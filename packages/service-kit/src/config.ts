import { z } from 'zod';
import { tracingSettings } from './tracing.ts';

/** Every problem of a configuration at once, each with the name of its variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingProblem {
  name: string;
  says: string;
}

/**
 * What must hold between settings. One that is wrong by itself counts as unset here, and is never complained about a second time;
 * where one of `needs` is wrong, nothing is judged.
 */
export interface Rule<Config> {
  needs?: readonly string[];
  judge: (config: Config, context: z.RefinementCtx) => void;
}

/** What is left of the settings when any may be wrong: a default, or nothing. */
type Known<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.output<Shape[Name]> | (undefined extends z.input<Shape[Name]> ? never : undefined);
};
type Rules<Shape extends z.ZodRawShape> = readonly Rule<Known<Shape>>[];

const problemsOf = ({ issues }: z.ZodError, name?: string): SettingProblem[] =>
  issues.map(({ path, message }) => ({ name: name ?? String(path[0] ?? 'configuration'), says: message }));

/** Each setting by itself. */
const readEach = (shape: z.ZodRawShape, env: Environment): { values: Record<string, unknown>; problems: SettingProblem[] } => {
  const values: Record<string, unknown> = {};
  const problems: SettingProblem[] = [];
  for (const [name, setting] of Object.entries(shape)) {
    const given = env[name] === '' ? undefined : env[name];
    const parsed = z.safeParse(setting, given);
    if (!parsed.success) problems.push(...problemsOf(parsed.error, name));
    const { data } = parsed.success || given === undefined ? parsed : z.safeParse(setting, undefined);
    if (data !== undefined) values[name] = data;
  }
  return { values, problems };
};

/** Reads settings from the environment, or says everything that is wrong with them. An empty variable counts as unset. */
export const readSettings = <Shape extends z.ZodRawShape>(
  { shape }: z.ZodObject<Shape>,
  env: Environment,
  rules: Rules<Shape> = [],
): { config: Readonly<z.output<z.ZodObject<Shape>>> } | { problems: readonly SettingProblem[] } => {
  const { values, problems } = readEach(shape, env);
  const wrong = new Set(problems.map(({ name }) => name));
  const judged = z
    .custom<Known<Shape>>()
    .superRefine((known, context) => {
      for (const { needs = [], judge } of rules) if (!needs.some((name) => wrong.has(name))) judge(known, context);
    })
    .safeParse(values);
  if (!judged.success) problems.push(...problemsOf(judged.error).filter(({ name }) => !wrong.has(name)));
  return problems.length > 0 ? { problems } : { config: Object.freeze(values) as Readonly<z.output<z.ZodObject<Shape>>> };
};

/** @throws ConfigError naming every problem */
export const loadConfig = <Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Environment,
  rules: Rules<Shape> = [],
): Readonly<z.output<z.ZodObject<Shape>>> => {
  const read = readSettings(schema, env, rules);
  if ('config' in read) return read.config;
  throw new ConfigError(read.problems.map(({ name, says }) => `${name}: ${says}`));
};

const DIGITS = /^-?\d+$/;

/** A whole number written in digits; "12abc" and "1e3" are problems, not numbers. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(DIGITS, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export const port = () => integer(0, 65_535);

/** A comma-separated list; blanks around the items are dropped. */
export const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be http:// or https:// URLs' });

/** A comma-separated list of at least one `http` or `https` URL. */
export const httpUrls = () => list().pipe(z.array(HttpUrl).min(1, 'must name at least one URL'));

export const DEV_JWT_SECRET = 'trunkline-dev-jwt-secret-not-for-production';
export const DEV_SERVER_KEY = 'trunkline-dev-server-key';
export const DEV_INTERNAL_TOKEN = 'trunkline-dev-internal-token';
export const DEV_WEBHOOK_SECRET = 'whsec_dHJ1bmtsaW5lLWRldi13ZWJob29rLXNlY3JldC1vZi1hbGw=';

/** A secret that our own processes send each other. */
export const internalToken = () => z.string().regex(/^[!-~]{16,}$/, 'must have at least 16 characters, printable ASCII without blanks');

/** Settings that every service has. Secrets and other services' addresses have no default. */
export const commonSettings = {
  ...tracingSettings,
  NODE_ENV: z.string().default('development').describe('`production` refuses the secrets of development'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('The least level that is logged'),
  REDIS_URL: list()
    .pipe(
      z.array(z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })).min(1, 'must be a redis:// or rediss:// URL'),
    )
    .transform((urls) => urls.join(','))
    .describe('Redis 7 or later, `redis://` or `rediss://`. Of a Redis Cluster: two or more of its nodes, separated by commas'),
  REDIS_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be made of a–z, 0–9 and "-"')
    .default('trunkline')
    .describe('Begins the name of every channel, room and queue, so that several systems can share one Redis'),
  INTERNAL_TOKEN: internalToken().describe("The secret between Trunkline's own processes, at least 16 characters"),
};

/** Settings of the services that verify users' tokens. */
export const tokenSettings = {
  JWT_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters (256 bits for HS256, RFC 7518 section 3.2)')
    .optional()
    .describe("Verifies users' tokens with HS256; at least 32 characters. Set this or `JWT_JWKS_URL`"),
  JWT_SECRET_PREVIOUS: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('While `JWT_SECRET` is being replaced: the one before, whose tokens still count'),
  JWT_JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where the keys are that verify users' tokens: RS256, RS384, RS512, ES256, ES384 or ES512. Set this or `JWT_SECRET`"),
  JWT_ISSUER: z.string().optional().describe('The `iss` that a token must have'),
  JWT_AUDIENCE: z.string().optional().describe('The `aud` that a token must have'),
  ALLOWED_ORIGINS: list().default([]).describe('Origins from which browsers may connect, separated by commas, each matched exactly'),
};

interface Secrets {
  NODE_ENV: string;
  INTERNAL_TOKEN: string | undefined;
  INTERNAL_TOKEN_PREVIOUS?: string | undefined;
  JWT_SECRET?: string | undefined;
  JWT_SECRET_PREVIOUS?: string | undefined;
  SERVER_API_KEYS?: readonly string[] | undefined;
  WEBHOOK_SECRET?: readonly string[] | undefined;
}

/** Refuses the secrets that everybody can read in this repository, where `NODE_ENV` is `production`. */
export const refuseDevelopmentSecrets: Rule<Secrets> = {
  judge: (config, context) => {
    if (config.NODE_ENV !== 'production') return;
    const known = {
      JWT_SECRET: DEV_JWT_SECRET,
      JWT_SECRET_PREVIOUS: DEV_JWT_SECRET,
      INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
      INTERNAL_TOKEN_PREVIOUS: DEV_INTERNAL_TOKEN,
    } as const;
    for (const name of ['JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'INTERNAL_TOKEN', 'INTERNAL_TOKEN_PREVIOUS'] as const) {
      if (config[name] === known[name])
        context.addIssue({ code: 'custom', path: [name], message: 'is the development value, which production refuses' });
    }
    if (config.SERVER_API_KEYS?.includes(DEV_SERVER_KEY)) {
      context.addIssue({ code: 'custom', path: ['SERVER_API_KEYS'], message: 'holds the development key, which production refuses' });
    }
    if (config.WEBHOOK_SECRET?.includes(DEV_WEBHOOK_SECRET)) {
      context.addIssue({ code: 'custom', path: ['WEBHOOK_SECRET'], message: 'holds the development secret, which production refuses' });
    }
  },
};

/** Asks for exactly one way to verify tokens. */
export const requireOneTokenSource: Rule<{ JWT_SECRET?: string | undefined; JWT_JWKS_URL?: string | undefined }> = {
  needs: ['JWT_JWKS_URL'],
  judge: (config, context) => {
    if ((config.JWT_SECRET === undefined) === (config.JWT_JWKS_URL === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['JWT_SECRET'],
        message: 'set either JWT_SECRET (HS256) or JWT_JWKS_URL (RS256 to RS512, ES256 to ES512)',
      });
    }
  },
};
