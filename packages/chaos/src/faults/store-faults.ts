import type { Store } from '../system/stores.ts';
import type { World } from '../system/world.ts';
import type { Fault } from './fault.ts';

const killed = (group: Fault['group'], choose: (world: World) => Store): Fault => ({
  group,
  seconds: [0.2, 2],
  countsFrom: 'end',
  inflict: async (world, _dice, hold) => {
    const store = choose(world);
    store.kill();
    await hold();
    await store.restart();
  },
});

const frozen = (group: Fault['group'], choose: (world: World) => Store, seconds: Fault['seconds']): Fault => ({
  group,
  seconds,
  countsFrom: 'end',
  inflict: async (world, _dice, hold) => {
    const store = choose(world);
    store.freeze();
    await hold();
    store.thaw();
  },
});

const redisFlushed: Fault = {
  group: 'redis',
  seconds: [0.2, 0.5],
  countsFrom: 'begin',
  inflict: async ({ redisCommand }, _dice, hold) => {
    await redisCommand('FLUSHALL');
    await hold();
  },
};

const redisOutOfMemory: Fault = {
  group: 'redis',
  seconds: [2, 6],
  countsFrom: 'end',
  inflict: async ({ redisCommand }, _dice, hold) => {
    await redisCommand('CONFIG', 'SET', 'maxmemory', '1');
    await hold();
    await redisCommand('CONFIG', 'SET', 'maxmemory', '0');
  },
};

export const STORE_FAULTS = {
  kill_redis: killed('redis', ({ redis }) => redis),
  kill_postgres: killed('postgres', ({ postgres }) => postgres),
  flush_redis: redisFlushed,
  pause_redis: frozen('redis', ({ redis }) => redis, [10, 10]),
  redis_out_of_memory: redisOutOfMemory,
  freeze_postgres: frozen('postgres', ({ postgres }) => postgres, [2, 5]),
} satisfies Record<string, Fault>;
