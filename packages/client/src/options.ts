import type { ReconnectTiming } from './backoff.ts';
import { LONGEST_TIMER_MS } from './countdown.ts';
import type { Transports } from './session.ts';
import type { GetToken } from './token-source.ts';

export interface ConnectOptions {
  /** Where the gateways are, `https://calls.example`; of several, each loss of the connection goes on to the next. */
  readonly url: string | readonly string[];
  /** Where REST is; the first of `url` where it is left out. */
  readonly restUrl?: string;
  /** A token for as long as it holds. Give this or `getToken`. */
  readonly token?: string;
  /** Asked for a token at the start, before one ends, and after one was not taken; `null`: the user is signed out. */
  readonly getToken?: GetToken;
  /** `['websocket']` where it is left out; `['polling', 'websocket']` gets through proxies that know no WebSocket. */
  readonly transports?: Transports;
  /** How long a command is tried, connected or not: 30 seconds. */
  readonly commandTimeoutMs?: number;
  /** How long one answer is waited for before the command is sent again: 5 seconds. */
  readonly ackTimeoutMs?: number;
  /** How long one attempt to connect may take: 10 seconds. */
  readonly connectTimeoutMs?: number;
  /** How long one REST request may take: 10 seconds. */
  readonly restTimeoutMs?: number;
  /** How long before its end a token is renewed: one minute, or a fifth of its life where that is less. */
  readonly renewTokenBeforeMs?: number;
  readonly reconnect?: Partial<ReconnectTiming>;
}

const DEFAULTS = {
  transports: ['websocket'] as Transports,
  commandTimeoutMs: 30_000,
  ackTimeoutMs: 5000,
  connectTimeoutMs: 10_000,
  restTimeoutMs: 10_000,
  renewTokenBeforeMs: 60_000,
};

const RECONNECT: ReconnectTiming = { busyMs: 1000, maxMs: 10_000 };

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** What was given: `undefined` is as good as left out. */
const given = <Options extends object>(options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;

const asTime = (name: string, milliseconds: number): number => {
  if (milliseconds >= 0) return Math.min(milliseconds, LONGEST_TIMER_MS);
  throw new TypeError(`connect: ${name} is no time`);
};

/** What was given, with no time longer than a timer takes, which would be over at once. */
const givenInTime = <Options extends object>(options: Options): Options =>
  Object.fromEntries(
    Object.entries(given(options)).map(([name, value]) => [name, typeof value === 'number' ? asTime(name, value) : value]),
  ) as Options;

/** The options with what was left out. @throws TypeError on what cannot work */
export const settle = ({ url, restUrl, token, getToken, reconnect = {}, ...options }: ConnectOptions) => {
  const urls = (typeof url === 'string' ? [url] : url).map(withoutSlash);
  const [first] = urls;
  if (first === undefined) throw new TypeError('connect: url is empty');
  if ((token === undefined) === (getToken === undefined)) throw new TypeError('connect: give token or getToken');
  return {
    ...DEFAULTS,
    ...givenInTime(options),
    urls,
    restUrl: restUrl === undefined ? first : withoutSlash(restUrl),
    token: token ?? null,
    getToken: getToken ?? null,
    reconnect: { ...RECONNECT, ...givenInTime(reconnect) },
  };
};

export type SettledOptions = ReturnType<typeof settle>;
