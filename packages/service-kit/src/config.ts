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

/** What must hold between values. One that is wrong by itself counts as unset here, and is never complained about a second time. */
interface ValueRule<Config> {
  judge: (config: Config, context: z.RefinementCtx) => void;
}

/**
 * Which settings go together. Judged by their texts as they are given, so that a bad value hides no partner that is missing. A setting
 * that is wrong by itself may be complained about a second time.
 */
interface GivenRule<Config> {
  judgeGiven: (given: Given<Config>, context: z.RefinementCtx) => void;
}

export type Rule<Config> = ValueRule<Config> | GivenRule<Config>;

/** The texts of the settings that are set. */
type Given<Config> = { readonly [Name in keyof Config]?: string | undefined };

/** What is left of the settings when any may be wrong: a default, or nothing. */
type Known<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.output<Shape[Name]> | (undefined extends z.input<Shape[Name]> ? never : undefined);
};
type Rules<Shape extends z.ZodRawShape> = readonly Rule<Known<Shape>>[];

const problemsOf = ({ issues }: z.ZodError, name?: string): SettingProblem[] =>
  issues.map(({ path, message }) => ({ name: name ?? String(path[0] ?? 'configuration'), says: message }));

/** An empty variable counts as unset. */
const givenIn = (shape: z.ZodRawShape, env: Environment): Environment =>
  Object.fromEntries(Object.keys(shape).flatMap((name) => (env[name] === undefined || env[name] === '' ? [] : [[name, env[name]]])));

/** Each setting by itself. */
const readEach = (shape: z.ZodRawShape, given: Environment): { values: Record<string, unknown>; problems: SettingProblem[] } => {
  const values: Record<string, unknown> = {};
  const problems: SettingProblem[] = [];
  for (const [name, setting] of Object.entries(shape)) {
    const parsed = z.safeParse(setting, given[name]);
    if (!parsed.success) problems.push(...problemsOf(parsed.error, name));
    const { data } = parsed.success || given[name] === undefined ? parsed : z.safeParse(setting, undefined);
    if (data !== undefined) values[name] = data;
  }
  return { values, problems };
};

const complaintsOf = (judge: (context: z.RefinementCtx) => void): SettingProblem[] => {
  const judged = z
    .unknown()
    .superRefine((_, context) => judge(context))
    .safeParse(null);
  return judged.success ? [] : problemsOf(judged.error);
};

/** Reads settings from the environment, or says everything that is wrong with them. */
export const readSettings = <Shape extends z.ZodRawShape>(
  { shape }: z.ZodObject<Shape>,
  env: Environment,
  rules: Rules<Shape> = [],
): { config: Readonly<z.output<z.ZodObject<Shape>>> } | { problems: readonly SettingProblem[] } => {
  const given = givenIn(shape, env);
  const { values, problems } = readEach(shape, given);
  const wrong = new Set(problems.map(({ name }) => name));
  for (const rule of rules) {
    if ('judgeGiven' in rule) problems.push(...complaintsOf((context) => rule.judgeGiven(given as Given<Known<Shape>>, context)));
    else problems.push(...complaintsOf((context) => rule.judge(values as Known<Shape>, context)).filter(({ name }) => !wrong.has(name)));
  }
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

/** A text that somebody else must have alike, which it would not be with the line break that a file ends with. */
export const exactText = () => z.string().regex(/^\S(?:.*\S)?$/s, 'must not begin or end with a blank or a line break');

/** A comma-separated list; blanks around the items are dropped. */
export const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** An `http` or `https` URL that is asked. A user and a password in it are never sent, so they are refused. */
export const httpUrl = () =>
  z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).refine((text) => {
    const url = URL.parse(text);
    return url === null || (url.username === '' && url.password === '');
  }, 'must be a URL without a user and a password');

/** A comma-separated list of at least one `http` or `https` URL. */
export const httpUrls = () => list().pipe(z.array(httpUrl()).min(1, 'must name at least one URL'));

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

/** Of apps that bring their pages along, such as Capacitor's: a scheme of their own and a host. */
const APP_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(:\d+)?$/;

/** What browsers send as `Origin` (RFC 6454) from a page there; null where they send nothing that could be listed. */
const originOf = (text: string): string | null => {
  const url = URL.parse(text);
  if (url === null || url.hostname.includes('*')) return null;
  if (/^https?:$/.test(url.protocol)) return url.origin;
  return url.origin === 'null' && APP_ORIGIN.test(text) ? text : null;
};

/** A comma-separated list of origins. One that no browser sends would lock people out without a word; it may hold a secret, so none is quoted. */
const origins = () =>
  list().superRefine((items, context) => {
    for (const [index, item] of items.entries()) {
      const origin = originOf(item);
      const message = `item ${index + 1} must be an origin as browsers send it, such as ${origin ?? 'https://app.example'}`;
      if (origin !== item) context.addIssue({ code: 'custom', message });
    }
  });

/** Settings of the services that verify users' tokens. */
export const tokenSettings = {
  JWT_SECRET: exactText()
    .min(32, 'must have at least 32 characters (256 bits for HS256, RFC 7518 section 3.2)')
    .optional()
    .describe("Verifies users' tokens with HS256; at least 32 characters. Set this or `JWT_JWKS_URL`"),
  JWT_SECRET_PREVIOUS: exactText()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('While `JWT_SECRET` is being replaced: the one before, whose tokens still count'),
  JWT_JWKS_URL: httpUrl()
    .optional()
    .describe("Where the keys are that verify users' tokens: RS256, RS384, RS512, ES256, ES384 or ES512. Set this or `JWT_SECRET`"),
  JWT_ISSUER: exactText().optional().describe('The `iss` that a token must have'),
  JWT_AUDIENCE: exactText().optional().describe('The `aud` that a token must have'),
  ALLOWED_ORIGINS: origins()
    .default([])
    .describe(
      "Origins from which browsers may connect, separated by commas, each matched exactly: as browsers send it, such as `https://app.example`, without a slash at its end. Schemes of apps' own may be among them, such as `capacitor://localhost`",
    ),
};

/** Everybody can read them in this repository. */
const DEVELOPMENT_SECRETS = {
  JWT_SECRET: DEV_JWT_SECRET,
  JWT_SECRET_PREVIOUS: DEV_JWT_SECRET,
  INTERNAL_TOKEN: DEV_INTERNAL_TOKEN,
  INTERNAL_TOKEN_PREVIOUS: DEV_INTERNAL_TOKEN,
  SERVER_API_KEYS: DEV_SERVER_KEY,
  WEBHOOK_SECRET: DEV_WEBHOOK_SECRET,
} as const;

type SecretName = keyof typeof DEVELOPMENT_SECRETS;
const SECRET_NAMES = Object.keys(DEVELOPMENT_SECRETS) as SecretName[];

/** Refuses the secrets of development where `NODE_ENV` is `production`, alone or in a list. */
export const refuseDevelopmentSecrets: Rule<{ NODE_ENV: string } & { [Name in SecretName]?: unknown }> = {
  judgeGiven: (given, context) => {
    if (given.NODE_ENV !== 'production') return;
    for (const name of SECRET_NAMES) {
      if (given[name]?.split(/[\s,]+/).includes(DEVELOPMENT_SECRETS[name]))
        context.addIssue({ code: 'custom', path: [name], message: 'holds the development value, which production refuses' });
    }
  },
};

/** Asks for exactly one way to verify tokens. */
export const requireOneTokenSource: Rule<{ JWT_SECRET?: string | undefined; JWT_JWKS_URL?: string | undefined }> = {
  judgeGiven: (given, context) => {
    if ((given.JWT_SECRET === undefined) === (given.JWT_JWKS_URL === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['JWT_SECRET'],
        message: 'set either JWT_SECRET (HS256) or JWT_JWKS_URL (RS256 to RS512, ES256 to ES512)',
      });
    }
  },
};
