import type { RedisConnection } from '@trunkline/bus';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** So many a minute for each key, counted across replicas. Refused attempts count too. */
export interface RateLimit {
  /** Null: go on. Else the seconds after which it may be tried again. */
  take(key: string): Promise<number | null>;
}

export interface RateLimitOptions {
  redis: RedisConnection;
  redisPrefix: string;
  name: string;
  /** 0: no limit. */
  perMinute: number;
}

/** The limit, with each refusal told. */
export const tellRefusals = (limit: RateLimit, onRefused: () => void): RateLimit => ({
  take: async (key) => {
    const seconds = await limit.take(key);
    if (seconds !== null) onRefused();
    return seconds;
  },
});

const MINUTE_SECONDS = 60;

const secondsLeft = ({ msBeforeNext }: RateLimiterRes): number => Math.max(1, Math.ceil(msBeforeNext / 1000));

/** @throws what is no refusal, but an error of the store */
const consume = async (limiter: RateLimiterAbstract, key: string): Promise<number | null> => {
  try {
    await limiter.consume(key);
    return null;
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return secondsLeft(refusal);
    throw refusal;
  }
};

const UNLIMITED: RateLimit = { take: () => Promise.resolve(null) };

const inMemory = ({ name, perMinute }: RateLimitOptions): RateLimiterMemory =>
  new RateLimiterMemory({ keyPrefix: name, points: perMinute, duration: MINUTE_SECONDS });

const inRedis = ({ redis, redisPrefix, name, perMinute }: RateLimitOptions, insuranceLimiter?: RateLimiterMemory): RateLimiterRedis =>
  new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `${redisPrefix}:limit:${name}`,
    points: perMinute,
    duration: MINUTE_SECONDS,
    inMemoryBlockOnConsumed: perMinute + 1,
    rejectIfRedisNotReady: true,
    ...(insuranceLimiter === undefined ? {} : { insuranceLimiter }),
  });

/** Counts in Redis before it answers, and in this process alone while Redis is away. */
export const createRateLimit = (options: RateLimitOptions): RateLimit => {
  if (options.perMinute === 0) return UNLIMITED;
  const limiter = inRedis(options, inMemory(options));
  return { take: (key) => consume(limiter, key) };
};

/**
 * Answers from this process at once and counts in Redis behind it, for the path to an ack, which waits for no Redis.
 * What other replicas let through is known here when Redis has answered.
 */
export const createPromptRateLimit = (options: RateLimitOptions): RateLimit => {
  if (options.perMinute === 0) return UNLIMITED;
  const local = inMemory(options);
  const shared = inRedis(options);

  const learn = async (key: string): Promise<void> => {
    const answer: unknown = await shared.consume(key).catch((refusal: unknown) => refusal);
    // The last one that all together had is told here too, so that only who has not heard of it lets another through.
    if (answer instanceof RateLimiterRes && answer.remainingPoints === 0) await local.block(key, secondsLeft(answer));
  };

  return {
    take: (key) => {
      void learn(key);
      return consume(local, key);
    },
  };
};
