import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type BackingEnvironment, interruption, NEVER } from '@trunkline/backing-services';
import { connectFleet, type Fleet, mintTokens } from '../load/fleet.ts';
import { chattrixWire, otomoWire } from '../load/json-wires.ts';
import { onlycareWire } from '../load/onlycare-wire.ts';
import type { Phone } from '../load/phone.ts';
import type { CallWire } from '../load/wire.ts';
import { type CallLoadResult, runCallLoad } from '../scenarios/call-load.ts';
import { CALL_SCRIPTS } from '../scenarios/call-scripts.ts';
import { CpuMeter, type CpuPerOperation } from '../system/cpu-meter.ts';
import { type Stores, startStores } from '../system/stores.ts';
import type { System } from '../system/system.ts';
import { startTrunkline } from '../system/trunkline.ts';
import type { ArmyOrder, AttackFigures } from './army.ts';
import { sendArmy } from './army-process.ts';
import { GatewayWatch } from './gateway-watch.ts';
import { parseSiege, type SiegeOptions, USAGE } from './options.ts';
import { describeAttacks, describePromises, promisesIn, type Sight } from './promises.ts';
import { runTiming } from './timing.ts';

/** As in production: the limits are what is tested. Places are not limited, because few honest people make the load of many. */
const SETTINGS = {
  LIMIT_COMMANDS_PER_SECOND: '200',
  LIMIT_CONNECTIONS_PER_USER: '10',
  LIMIT_CONNECTS_PER_MINUTE: '60',
  LIMIT_HANDSHAKES: '2000',
  LIMIT_HANDSHAKES_PER_ADDRESS: '500',
  DRAIN_SECONDS: '0',
};

const WIRES = [onlycareWire, chattrixWire, otomoWire];

type Crowd = readonly { readonly wire: CallWire; readonly fleet: Fleet }[];

/** Honest people of every dialect that rings. */
const connectHonest = async (system: System, size: number): Promise<Crowd> => {
  const gateways = system.gateways.map(({ url }) => url);
  const each = 2 * Math.round(size / WIRES.length / 2);
  const crowd: { wire: CallWire; fleet: Fleet }[] = [];
  for (const wire of WIRES) {
    const fleet = await connectFleet({ wire, gateways, size: each, name: `honest-${wire.name}`, mintToken: system.mintToken });
    crowd.push({ wire, fleet });
  }
  return crowd;
};

const pairsOf = ({ phones }: Fleet): { caller: Phone; callee: Phone }[] =>
  Array.from({ length: phones.length / 2 }, (_, index) => ({
    caller: phones[2 * index] as Phone,
    callee: phones[2 * index + 1] as Phone,
  }));

/** All dialects at once, each with its share of the calls. */
const callsOf = (crowd: Crowd, { rate, seconds }: SiegeOptions, warmUpSeconds: number): Promise<CallLoadResult[]> =>
  Promise.all(
    crowd.map(({ wire, fleet }) =>
      runCallLoad({
        script: CALL_SCRIPTS['ring-reject'],
        wire,
        pairs: pairsOf(fleet),
        perSecond: rate / crowd.length,
        seconds,
        warmUpSeconds,
        onWindow: () => undefined,
      }),
    ),
  );

const p99Of = (loads: readonly CallLoadResult[]): number =>
  Math.max(0, ...loads.flatMap(({ legs }) => Object.values(legs).map((leg) => leg.percentile(0.99))));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const FRAMES_WITHIN_MS = 600_000;

/** Sends malformed frames until there were enough, or nobody sends any more. */
const sendFrames = async (order: ArmyOrder, frames: number): Promise<readonly AttackFigures[]> => {
  const army = sendArmy(order);
  const deadline = performance.now() + FRAMES_WITHIN_MS;
  while (sum(army.figures.map(({ sent }) => sent)) < frames && performance.now() < deadline && !army.hasEnded) await pause(50);
  await army[Symbol.asyncDispose]();
  return army.figures;
};

const FRAME_SENDERS = 24;

/** Who used the machine in the siege, from microseconds a second. */
const describeCpu = ({ services, postgres, redis, generator, othersShare }: CpuPerOperation): string => {
  const used = { ...services, PostgreSQL: postgres, Redis: redis, 'honest people': generator };
  const cores = Object.entries(used).map(([name, micros]) => `${name} ${((micros ?? Number.NaN) / 1e6).toFixed(2)}`);
  return `cores in use: ${cores.join(', ')}; attackers ${((othersShare ?? Number.NaN) * availableParallelism()).toFixed(2)}`;
};

interface Besieged {
  sight: Sight;
  figures: readonly AttackFigures[];
}

const besiege = async (system: System, stores: Stores, options: SiegeOptions, print: (line: string) => void): Promise<Besieged> => {
  const crowd = await connectHonest(system, options.honest);
  await using closing = new AsyncDisposableStack();
  for (const { fleet } of crowd) closing.use(fleet);
  const size = options.attackers;
  const tokens = (await mintTokens(size, 'attacker', system.mintToken)).map(({ token }) => token);
  const gateways = system.gateways.map(({ url }) => url);
  const order = { what: 'siege', gateways, tokens, size, only: options.only, seed: options.seed, pace: options.pace } as const;

  print(`${options.seconds} s without attackers`);
  const quiet = await callsOf(crowd, options, 3);
  await Promise.all(system.gateways.map((gateway) => gateway.collectGarbage()));
  using watch = new GatewayWatch(system);
  print(`${options.seconds} s with ${size}`);
  const meter = new CpuMeter(system, stores);
  const army = sendArmy(order);
  meter.mark();
  const besieged = await callsOf(crowd, options, 1);
  meter.mark();
  print(describeCpu(await meter.perOperation(options.seconds + 1)));
  await army[Symbol.asyncDispose]();
  print(`${options.frames} malformed frames`);
  const fuzzed =
    options.frames === 0 ? [] : await sendFrames({ ...order, what: 'frames', only: '', size: FRAME_SENDERS, pace: 1 }, options.frames);
  // Whoever sent them may have left the gateways with something that only shows when honest people go on.
  const after = await callsOf(crowd, { ...options, seconds: 1 }, 0);
  const honest = [...quiet, ...besieged, ...after];
  return {
    figures: [...army.figures, ...fuzzed],
    sight: {
      growth: watch.growth,
      quietP99: p99Of(quiet),
      besiegedP99: p99Of(besieged),
      honestCalls: sum(honest.map(({ done }) => done)),
      honestCallsLost: sum(honest.map(({ lost }) => lost)),
      honestConnectionsLost: sum(crowd.map(({ fleet }) => fleet.lost())),
      errorsLogged: sum(system.processes.map(({ linesPrinted }) => linesPrinted)),
      processesEnded: system.processes.filter(({ hasEnded }) => hasEnded).length,
      framesAsked: options.frames,
      framesSent: sum(fuzzed.map(({ sent }) => sent)),
      attackersAsked: size,
      attackers: sum(army.figures.map(({ attackers }) => attackers)),
    },
  };
};

const siegeOf = async (stores: Stores, options: SiegeOptions, print: (line: string) => void): Promise<number> => {
  const { gateways } = options;
  await using system = await startTrunkline({
    stores,
    gateways,
    callServices: 1,
    checkout: null,
    profileFolder: options.profile,
    settings: SETTINGS,
  });
  const { sight, figures } = await besiege(system, stores, options, print);
  const promises = promisesIn(sight, options.factor);
  print(`\n${describeAttacks(figures)}\n\n${describePromises(promises)}`);
  for (const { name, linesPrinted, lastLines } of system.processes) if (linesPrinted > 0) print(`\n${name} said:\n${lastLines.join('\n')}`);
  return promises.every(({ kept }) => kept) ? 0 : 1;
};

/**
 * Resolves with the exit code: 1 where a promise was broken, or the time of an answer told something; 2 where the question makes no sense; the
 * signal's reason where that ended it. In any case, all servers that it started have ended.
 */
export const runSiege = async (
  argv: readonly string[],
  env: BackingEnvironment,
  print: (line: string) => void,
  signal: AbortSignal = NEVER,
): Promise<number> => {
  const options = parseSiege(argv);
  if (options === null) {
    print(USAGE);
    return argv.includes('--help') ? 0 : 2;
  }
  const { what, gateways, seed, rounds } = options;
  print(`starting PostgreSQL, Redis and ${what === 'timing' ? 'a gateway' : `${gateways} gateways; seed ${seed}`}`);
  await using stores = await startStores(env, print);
  const held = what === 'timing' ? runTiming(stores, rounds, print) : siegeOf(stores, options, print);
  return await Promise.race([held, interruption(signal)]);
};
