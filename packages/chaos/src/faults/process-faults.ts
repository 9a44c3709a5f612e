import type { Dice } from '../dice.ts';
import type { ServiceProcess } from '../system/service-process.ts';
import type { World } from '../system/world.ts';
import type { Fault } from './fault.ts';

const HOUR_MS = 3_600_000;

type Choose = (world: World, dice: Dice) => ServiceProcess;

const someGateway: Choose = ({ gateways }, dice) => dice.pick(gateways);
const someCallService: Choose = ({ callServices }, dice) => dice.pick(callServices);
const theNotifier: Choose = ({ notifier }) => notifier;

const killed = (group: Fault['group'], choose: Choose, seconds: Fault['seconds']): Fault => ({
  group,
  seconds,
  countsFrom: 'begin',
  inflict: async (world, dice, hold) => {
    const process = choose(world, dice);
    await process.kill();
    await hold();
    await process.start();
  },
});

const frozen = (group: Fault['group'], choose: Choose): Fault => ({
  group,
  seconds: [2, 6],
  countsFrom: 'end',
  inflict: async (world, dice, hold) => {
    const process = choose(world, dice);
    process.freeze();
    await hold();
    process.thaw();
  },
});

/** A process that is started again with a wrong clock, and later with the right one. */
const withWrongClock = (choose: Choose): Fault => ({
  group: 'clock',
  seconds: [3, 8],
  countsFrom: 'end',
  inflict: async (world, dice, hold) => {
    const process = choose(world, dice);
    await process.terminate();
    await process.start({ clockOffMs: dice.chance(0.5) ? HOUR_MS : -HOUR_MS });
    await hold();
    await process.terminate();
    await process.start();
  },
});

const allCallServicesKilled: Fault = {
  group: 'call-service',
  seconds: [0.3, 2],
  countsFrom: 'end',
  inflict: async ({ callServices }, _dice, hold) => {
    await Promise.all(callServices.map((process) => process.kill()));
    await hold();
    await Promise.all(callServices.map((process) => process.start()));
  },
};

const rollingRestart: Fault = {
  group: 'rolling',
  seconds: [0, 0],
  countsFrom: 'end',
  inflict: async ({ processes }) => {
    for (const process of processes) {
      await process.terminate();
      await process.start();
    }
  },
};

export const PROCESS_FAULTS = {
  kill_gateway: killed('gateway', someGateway, [0.3, 2]),
  kill_call_service: killed('call-service', someCallService, [0.3, 2]),
  kill_all_call_services: allCallServicesKilled,
  kill_notifier: killed('notifier', theNotifier, [6, 9]),
  freeze_gateway: frozen('gateway', someGateway),
  freeze_call_service: frozen('call-service', someCallService),
  wrong_clock_gateway: withWrongClock(someGateway),
  wrong_clock_call_service: withWrongClock(someCallService),
  wrong_clock_notifier: withWrongClock(theNotifier),
  rolling_restart: rollingRestart,
} satisfies Record<string, Fault>;
