/** Sharded publish and subscribe, by which gateways reach each other, came with it. */
const OLDEST_MAJOR = 7;

const WAYS_OUT = `Trunkline needs Redis ${OLDEST_MAJOR} or newer, for sharded publish and subscribe: without it, phones on two gateways never ring each other. Either helps:
  - set REDIS_URL to a Redis ${OLDEST_MAJOR} or newer, or to a Valkey
  - install one, so that redis-server or valkey-server on PATH is it, and leave REDIS_URL unset`;

/** Why a Redis will not do, or null; from what it answers to `INFO server`. Valkey tells the Redis version that it is like. */
export const redisVersionProblem = (told: string): string | null => {
  const version = /^redis_version:(\d[\w.-]*)\r?$/m.exec(told)?.[1];
  if (version === undefined) return `The Redis here does not say its version. ${WAYS_OUT}`;
  return Number.parseInt(version, 10) >= OLDEST_MAJOR ? null : `The Redis here is version ${version}. ${WAYS_OUT}`;
};
