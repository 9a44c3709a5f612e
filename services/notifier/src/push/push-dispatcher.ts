import { setTimeout as pause } from 'node:timers/promises';
import type { ClaimedPush, PushProvider, PushResult } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
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
  logger: Logger;
}

/** What came of a push. `deferred`: to be tried again, and nothing was to be asked of its provider yet. */
export type SentPush = PushResult | (Omit<Extract<PushResult, { outcome: 'retry' }>, 'outcome'> & { outcome: 'deferred' });

export interface PushDispatcher {
  /** Brings one push to its target, or says why not. `claimedAt`: of `performance.now()`. Never rejects. */
  send(push: ClaimedPush, claimedAt: number): Promise<SentPush>;
  /** How many push services of each provider are left alone because they are down. */
  openBreakers(): Readonly<Record<PushProvider, number>>;
  /** Starts nothing more: what waits for its turn is given back, to be sent by another. */
  stop(): void;
}

interface Patience {
  /** As long as one attempt may take where the push lives longer. A stop waits for its ring's. */
  attemptMs: number;
  /** What has waited for longer is given back: call-service would take us for dead, and have it sent again by another. */
  startMs: number;
  /** Who would wait longer for the rate limit is sent again later. */
  rateMs: number;
}

/** Attempt and start together are less than call-service leaves a push with a notifier that says nothing. */
const ABOUT_CALLS: Patience = { attemptMs: 5000, startMs: 10_000, rateMs: 5000 };
const ABOUT_OTHERS: Patience = { attemptMs: 10_000, startMs: 40_000, rateMs: 20_000 };
/** Push services of Web Push are known by their hosts: no more of them are told apart. */
const MOST_BREAKERS = 1000;

const now = (): number => performance.now();
const isUrgent = ({ content }: ClaimedPush): boolean => DELIVERY[content.type].isUrgent;
const patienceOf = ({ content }: ClaimedPush): Patience => ('callId' in content ? ABOUT_CALLS : ABOUT_OTHERS);

const FCM = 'fcm';

/** FCM, or the push service behind a Web Push endpoint. */
const serviceOf = ({ address }: ClaimedPush): string => (address.provider === 'fcm' ? FCM : (URL.parse(address.endpoint)?.host ?? ''));

/** One for each push service. */
const createBreakers = (options: DispatcherOptions['breaker']) => {
  const breakers = new Map<string, Breaker>();
  return {
    of: (service: string): Breaker => {
      const known = breakers.get(service);
      if (known !== undefined) return known;
      if (breakers.size >= MOST_BREAKERS) breakers.clear();
      const breaker = createBreaker({ ...options, now });
      breakers.set(service, breaker);
      return breaker;
    },
    /** The services whose breaker is open. */
    open: (): string[] => [...breakers].flatMap(([service, breaker]) => (breaker.isOpen() ? [service] : [])),
  };
};

type Unsent = { outcome: 'expired' } | { outcome: 'deferred'; error: string; retryAfterMs: number | null };
type Outcome = SendOutcome | (Unsent & { health: 'unknown' });

const EXPIRED: Outcome = { outcome: 'expired', health: 'unknown' };
const STOPPED = 'its notifier stopped';
const deferred = (error: string, retryAfterMs: number | null): Outcome => ({ outcome: 'deferred', error, retryAfterMs, health: 'unknown' });
const later = (error: string, retryAfterMs: number | null): SendOutcome => ({ outcome: 'retry', error, retryAfterMs, health: 'unknown' });

/** A claimed push and the time it has. */
class Errand {
  readonly push: ClaimedPush;
  readonly stopping: AbortSignal;
  readonly #claimedAt: number;

  constructor(push: ClaimedPush, claimedAt: number, stopping: AbortSignal) {
    this.push = push;
    this.stopping = stopping;
    this.#claimedAt = claimedAt;
  }

  readonly leftMs = (): number => this.push.expiresInMs - (now() - this.#claimedAt);

  /** Why it is not to be started any more, or null. */
  lateness(): Outcome | null {
    if (this.leftMs() <= 0) return EXPIRED;
    if (this.stopping.aborted) return deferred(STOPPED, null);
    return now() - this.#claimedAt > patienceOf(this.push).startMs ? deferred('it had to wait too long for its turn', null) : null;
  }
}

type Send = (attempt: Attempt) => Promise<SendOutcome>;

/** One attempt, which ends with the push's time at the latest. One cut short by that says nothing about the provider. */
const attempt = async ({ push, leftMs }: Errand, send: Send): Promise<SendOutcome> => {
  const fullMs = patienceOf(push).attemptMs;
  const limitMs = Math.min(leftMs(), fullMs);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error(`no answer within ${Math.round(limitMs)} ms`)), limitMs);
  try {
    const outcome = await send({ leftMs, signal: stop.signal });
    const wasCutShort = stop.signal.aborted && limitMs < fullMs;
    return outcome.outcome === 'retry' && wasCutShort ? { ...outcome, health: 'unknown' } : outcome;
  } finally {
    clearTimeout(timer);
  }
};

/** Waits for the rate limit; what is urgent takes its place in it without waiting. Null: go on. */
const inTurn = async ({ push, leftMs, stopping }: Errand, rate: RateLimit): Promise<Outcome | null> => {
  if (isUrgent(push)) {
    rate.reserve(Number.POSITIVE_INFINITY);
    return null;
  }
  const { rateMs } = patienceOf(push);
  const waitMs = rate.reserve(Math.min(rateMs, leftMs()));
  if (waitMs === null) return deferred('the rate limit', rateMs);
  // Who is stopped meanwhile is late, which is looked at next.
  if (waitMs > 0) await pause(waitMs, undefined, { signal: stopping }).catch(() => {});
  return null;
};

/** What a push is about, for the log. */
const aboutPush = ({ content }: ClaimedPush) => ({ type: content.type, ...('callId' in content ? { callId: content.callId } : {}) });

/** What no line and no table may hold of a target. */
const secretsOf = ({ address }: ClaimedPush): string[] =>
  address.provider === 'fcm' ? [address.token] : [address.endpoint, address.p256dh, address.auth];

const errorIn = (outcome: SendOutcome): string | null => ('error' in outcome ? outcome.error : null);

interface Lane<Name extends PushProvider> {
  sender: PushSender<Name>;
  gate: Gate;
  rate: RateLimit;
}

/** Sends claimed pushes: in time or not at all, no more at once and no faster than it should, and not to a provider that is down. */
export const createPushDispatcher = (providers: Providers, { concurrency, breaker, logger }: DispatcherOptions): PushDispatcher => {
  const breakers = createBreakers(breaker);
  const stopping = new AbortController();
  const laneOf = <Name extends PushProvider>(provider: Provider<Name>): Lane<Name> | string =>
    'missing' in provider
      ? provider.missing
      : { sender: provider.sender, gate: createGate(concurrency), rate: createRateLimit(provider.ratePerSecond, now) };
  const lanes = { fcm: laneOf(providers.fcm), web_push: laneOf(providers.web_push) };

  const guarded = async (errand: Errand, send: Send): Promise<SendOutcome> => {
    const service = serviceOf(errand.push);
    const guard = breakers.of(service);
    const waitMs = guard.admit();
    if (waitMs > 0) return later('the provider is down: the breaker is open', Math.ceil(waitMs));
    let outcome = later('no answer', null);
    try {
      outcome = await attempt(errand, send);
      return outcome;
    } finally {
      const change = guard.record(outcome.health, outcome.outcome === 'retry' ? outcome.retryAfterMs : null);
      if (change === 'opened') logger.warn({ pushService: service, why: errorIn(outcome) }, 'a push service is down: its breaker opens');
      if (change === 'closed') logger.info({ pushService: service }, 'a push service is back: its breaker closes');
    }
  };

  const through = async <Name extends PushProvider>(lane: Lane<Name> | string, errand: Errand, push: PushTo<Name>): Promise<Outcome> => {
    if (typeof lane === 'string') return { outcome: 'failed', error: lane, health: 'unknown' };
    const refusal = errand.lateness() ?? (await inTurn(errand, lane.rate));
    if (refusal !== null) return refusal;
    return lane.gate.run<Outcome>(
      isUrgent(push),
      async () => errand.lateness() ?? guarded(errand, (started) => lane.sender.send(push, started)),
    );
  };

  const outcomeOf = (errand: Errand): Promise<Outcome> => {
    const { push } = errand;
    return push.address.provider === 'fcm'
      ? through(lanes.fcm, errand, push as PushTo<'fcm'>)
      : through(lanes.web_push, errand, push as PushTo<'web_push'>);
  };

  const resultOf = async (push: ClaimedPush, claimedAt: number): Promise<SentPush> => {
    const { id, attempt } = push;
    try {
      const { health: _, ...told } = await outcomeOf(new Errand(push, claimedAt, stopping.signal));
      return { ...told, id, attempt };
    } catch (error) {
      const why = spokenError(error, secretsOf(push));
      logger.error({ push: id, ...aboutPush(push), why }, 'a push met a bug of ours');
      return { outcome: 'retry', id, attempt, error: why, retryAfterMs: null };
    }
  };

  return {
    send: async (push, claimedAt) => {
      const result = await resultOf(push, claimedAt);
      const about = { ...aboutPush(push), pushService: serviceOf(push) };
      logger.debug({ ...about, result }, 'a push has its result');
      if (result.outcome === 'failed') logger.warn({ push: push.id, ...about, why: result.error }, 'a push was refused for good');
      return result;
    },
    openBreakers: () => {
      const open = breakers.open();
      const fcm = open.filter((service) => service === FCM).length;
      return { fcm, web_push: open.length - fcm };
    },
    stop: () => stopping.abort(),
  };
};
