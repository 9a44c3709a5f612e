import { chattrixWire, otomoWire } from './load/json-wires.ts';
import { onlycareWire } from './load/onlycare-wire.ts';
import { seededRandom } from './load/seeded-random.ts';
import type { CallDialect, CallWire } from './load/wire.ts';
import type { Options, Scenario } from './options.ts';
import type { Result } from './report/result.ts';
import { CALL_SCRIPTS, type CallScenario } from './scenarios/call-scripts.ts';
import { CallBench } from './scenarios/calls.ts';
import { ChatBench } from './scenarios/chats.ts';
import { runConnectRate, runIdle, runReconnectStorm } from './scenarios/connections.ts';
import { runPresence } from './scenarios/presence.ts';
import type { Bench, Load } from './scenarios/scenario.ts';

const WIRES: Readonly<Record<CallDialect, CallWire>> = { onlycare: onlycareWire, chattrix: chattrixWire, otomo: otomoWire };

export const wireOf = (dialect: CallDialect): CallWire => WIRES[dialect];

const DEFAULT_CONNECTIONS: Partial<Record<Scenario, number>> = { idle: 2000, 'reconnect-storm': 2000, presence: 200 };
const DEFAULT_RATES: Partial<Record<Scenario, number>> = { 'connect-rate': 300, presence: 20, 'ring-timeout': 50 };

export const loadOf = (
  scenario: Scenario,
  { rate, seconds = 5, warmUp, connections }: Pick<Options, 'rate' | 'seconds' | 'warmUp' | 'connections'>,
): [Load, ...Load[]] =>
  (rate ?? [DEFAULT_RATES[scenario] ?? 500]).map((perSecond) => ({
    perSecond,
    seconds,
    warmUpSeconds: warmUp,
    connections: connections ?? DEFAULT_CONNECTIONS[scenario] ?? 1000,
  })) as [Load, ...Load[]];

/** A scenario on a system that runs, ready to be given one load after another. */
export interface Runner extends Disposable {
  run(load: Load): Promise<Result>;
}

const isCallScenario = (scenario: Scenario): scenario is CallScenario => scenario in CALL_SCRIPTS;

export const startRunner = async (bench: Bench, scenario: Scenario, connections: number, seed: number): Promise<Runner> => {
  if (isCallScenario(scenario)) {
    const calls = await CallBench.connect(bench, connections);
    return { run: (load) => calls.run(scenario, load), [Symbol.dispose]: () => calls[Symbol.dispose]() };
  }
  if (scenario === 'chat') {
    const chats = await ChatBench.connect(bench, connections);
    return { run: (load) => chats.run(load), [Symbol.dispose]: () => chats[Symbol.dispose]() };
  }
  const runs: Record<Exclude<Scenario, CallScenario | 'chat'>, (load: Load) => Promise<Result>> = {
    idle: (load) => runIdle(bench, load.connections),
    'connect-rate': (load) => runConnectRate(bench, load),
    'reconnect-storm': (load) => runReconnectStorm(bench, load, seededRandom(seed)),
    presence: (load) => runPresence(bench, load),
  };
  return { run: runs[scenario], [Symbol.dispose]: () => undefined };
};
