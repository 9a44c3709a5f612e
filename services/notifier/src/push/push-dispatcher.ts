import { setTimeout as pause } from 'node:timers/promises';
import type { ClaimedPush, PushProvider, PushResult } from '@trunkline/contract';
import { type Breaker, createBreaker } from './breaker.ts';
import { DELIVERY } from './delivery.ts';
import { createGate, type Gate } from './gate.ts';
import type { Attempt, PushSender, PushTo, SendOutcome } from './push-sender.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { spokenError } from './spoken-error.ts';

/** A provider as it is set up, or the words to say why it is not. */
export type Provider<Name extends PushProvider> = { sender: PushSender<Name>; ratePerSecond: number } | { missing: string };
export type Providers = { readonly [Name in PushProvider]: Provider<Name> };

export interface DispatcherOptions {
  /** How many are sent at once to one provider. */
  concurrency: number;
  breaker: { failures: number; openMs: number };
}

export interface PushDispatcher {
  /** Brings one push to its target, or says why not. `leftMs`: until nobody wants it any more. Never rejects. */
  send(push: ClaimedPush, leftMs: () => number): Promise<PushResult>;
}

/** As long as one attempt may take where the push lives longer. */
const ATTEMPT_MS = 10_000;
/** Who would wait longer for the rate limit is sent again later. */
const RATE_PATIENCE_MS = 5000;
/** Push services of Web Push are known by their hosts: no more of them are told apart. */
const MOST_BREAKERS = 1000;

const now = (): number => performance.now();

const later = (error: string, retryAfterMs: number | null): SendOutcome => ({ outcome: 'retry', error, retryAfterMs, isOutage: false });

const hostOf = (endpoint: string): string => URL.parse(endpoint)?.host ?? '';

/** One for FCM, one for each push service behind Web Push. */
const createBreakers = (options: DispatcherOptions['breaker']) => {
  const breakers = new Map<string, Breaker>();
  return ({ address }: ClaimedPush): Breaker => {
    const name = address.provider === 'fcm' ? 'fcm' : hostOf(address.endpoint);
    const known = breakers.get(name);
    if (known !== undefined) return known;
    if (breakers.size >= MOST_BREAKERS) breakers.clear();
    const breaker = createBreaker({ ...options, now });
    breakers.set(name, breaker);
    return breaker;
  };
};

interface Lane<Name extends PushProvider> {
  sender: PushSender<Name>;
  gate: Gate;
  rate: RateLimit;
}

/** One attempt, which ends with the push's time at the latest. An attempt cut short by that says nothing about the provider. */
const attempt = async (send: (attempt: Attempt) => Promise<SendOutcome>, leftMs: () => number): Promise<SendOutcome> => {
  const limitMs = Math.min(leftMs(), ATTEMPT_MS);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error(`no answer within ${Math.round(limitMs)} ms`)), limitMs);
  try {
    const outcome = await send({ leftMs, signal: stop.signal });
    const wasCutShort = stop.signal.aborted && limitMs < ATTEMPT_MS;
    return outcome.outcome === 'retry' && wasCutShort ? { ...outcome, isOutage: false } : outcome;
  } finally {
    clearTimeout(timer);
  }
};

/** Sends claimed pushes: in time or not at all, no more at once and no faster than it should, and not to a provider that is down. */
export const createPushDispatcher = (providers: Providers, { concurrency, breaker }: DispatcherOptions): PushDispatcher => {
  const breakerOf = createBreakers(breaker);
  const laneOf = <Name extends PushProvider>(provider: Provider<Name>): Lane<Name> | string =>
    'missing' in provider
      ? provider.missing
      : { sender: provider.sender, gate: createGate(concurrency), rate: createRateLimit(provider.ratePerSecond, now) };
  const lanes = { fcm: laneOf(providers.fcm), web_push: laneOf(providers.web_push) };

  const inTurn = async (push: ClaimedPush, rate: RateLimit, leftMs: () => number): Promise<SendOutcome | null> => {
    if (DELIVERY[push.content.type].isUrgent) {
      rate.reserve(Number.POSITIVE_INFINITY);
      return null;
    }
    const waitMs = rate.reserve(Math.min(RATE_PATIENCE_MS, leftMs()));
    if (waitMs === null) return later('the rate limit', RATE_PATIENCE_MS);
    if (waitMs > 0) await pause(waitMs);
    return null;
  };

  const guarded = async (push: ClaimedPush, send: (attempt: Attempt) => Promise<SendOutcome>, leftMs: () => number) => {
    const guard = breakerOf(push);
    const waitMs = guard.admit();
    if (waitMs > 0) return later('the provider is down: the breaker is open', Math.ceil(waitMs));
    let outcome = later('no answer', null);
    try {
      outcome = await attempt(send, leftMs);
      return outcome;
    } finally {
      if (outcome.outcome === 'retry') guard.record(outcome.isOutage, outcome.retryAfterMs);
      else guard.record(false, null);
    }
  };

  const through = <Name extends PushProvider>(lane: Lane<Name> | string, push: PushTo<Name>, leftMs: () => number) => {
    if (typeof lane === 'string') return Promise.resolve<SendOutcome | 'expired'>({ outcome: 'failed', error: lane });
    return lane.gate.run<SendOutcome | 'expired'>(DELIVERY[push.content.type].isUrgent, async () => {
      const refusal = await inTurn(push, lane.rate, leftMs);
      if (refusal !== null) return refusal;
      return leftMs() <= 0 ? 'expired' : guarded(push, (started) => lane.sender.send(push, started), leftMs);
    });
  };

  const outcomeOf = async (push: ClaimedPush, leftMs: () => number): Promise<SendOutcome | 'expired'> => {
    if (leftMs() <= 0) return 'expired';
    return push.address.provider === 'fcm'
      ? through(lanes.fcm, push as PushTo<'fcm'>, leftMs)
      : through(lanes.web_push, push as PushTo<'web_push'>, leftMs);
  };

  return {
    send: async (push, leftMs) => {
      const { id, attempt } = push;
      try {
        const outcome = await outcomeOf(push, leftMs);
        if (outcome === 'expired') return { outcome, id, attempt };
        if (outcome.outcome !== 'retry') return { ...outcome, id, attempt };
        const { error, retryAfterMs } = outcome;
        return { outcome: 'retry', id, attempt, error, retryAfterMs };
      } catch (error) {
        return { outcome: 'retry', id, attempt, error: spokenError(error, []), retryAfterMs: null };
      }
    },
  };
};
