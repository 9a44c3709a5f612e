import { setTimeout as pause } from 'node:timers/promises';
import type { Direction, FaultProxy } from '@trunkline/testing';
import type { Dice } from '../dice.ts';
import type { World } from '../system/world.ts';
import type { Fault } from './fault.ts';

/** Where on its wires a call-service is when it dies. */
interface Failpoint {
  links(world: World, index: number): readonly FaultProxy[];
  direction: Direction;
  /** What passes there at that moment. It goes no further. */
  text: string;
}

const SEEN_WITHIN_MS = 5000;

const toPostgres: Failpoint['links'] = ({ links }, index) => links.callServiceToPostgres.slice(index, index + 1);
const toRedis: Failpoint['links'] = ({ links }, index) => links.callServiceToRedis.slice(index, index + 1);
const fromGateways: Failpoint['links'] = ({ links }, index) => links.gatewayToCallService.map((own) => own[index] as FaultProxy);

/** Watches the links until the text passes, and kills the process before it has gone on. */
const diesAt = ({ links, direction, text }: Failpoint): Fault => ({
  group: 'call-service',
  seconds: [0.3, 2],
  countsFrom: 'begin',
  inflict: async (world: World, dice: Dice, hold, note) => {
    const index = dice.below(world.callServices.length);
    const process = world.callServices[index];
    const watched = links(world, index);
    const dead = Promise.withResolvers<void>();
    let isDying = false;
    for (const link of watched) {
      link.watch((chunk, passing) => {
        if (isDying) return 'hold';
        if (passing !== direction || !chunk.includes(text)) return 'carry';
        isDying = true;
        void process?.kill().then(dead.resolve);
        return 'hold';
      });
    }
    await Promise.race([dead.promise, pause(SEEN_WITHIN_MS)]);
    if (!isDying) note(`was not reached: ${text} did not pass`);
    await process?.kill();
    for (const link of watched) {
      link.watch(null);
      link.reset();
    }
    await hold();
    await process?.start();
  },
});

export const FAILPOINTS = {
  dies_before_commit: diesAt({ links: toPostgres, direction: 'up', text: 'COMMIT' }),
  dies_before_it_learns_of_the_commit: diesAt({ links: toPostgres, direction: 'down', text: 'COMMIT' }),
  dies_after_commit_before_publish: diesAt({ links: toRedis, direction: 'up', text: '"type":"call_' }),
  dies_after_publish_before_ack: diesAt({ links: fromGateways, direction: 'down', text: '"replies"' }),
} satisfies Record<string, Fault>;
