import { connectFleet, type Fleet } from '../load/fleet.ts';
import type { Phone } from '../load/phone.ts';
import { latenciesOf, type Result } from '../report/result.ts';
import { CpuMeter } from '../system/cpu-meter.ts';
import type { Ledger } from '../system/system.ts';
import { runCallLoad } from './call-load.ts';
import { CALL_SCRIPTS, type CallScenario } from './call-scripts.ts';
import { ONLY_BEHIND } from './late-count.ts';
import { type Bench, describe, type Load, lostConnections, untilSessionsAre } from './scenario.ts';

const WARM_UP_RATE = 1000;
const WARM_UP_SECONDS = 4;

/** Users in pairs, caller and callee on different gateways, connected once for however many runs. */
export class CallBench implements Disposable {
  readonly #bench: Bench;
  readonly #fleet: Fleet;
  /** Calls that were placed until now: the books are of all runs together. */
  #placed = 0;

  private constructor(bench: Bench, fleet: Fleet) {
    this.#bench = bench;
    this.#fleet = fleet;
  }

  static async connect(bench: Bench, connections: number, name = 'user'): Promise<CallBench> {
    const { system, wire } = bench;
    bench.report(`connecting ${connections} users over ${wire.name}`);
    const already = await system.openSessions();
    const gateways = system.gateways.map(({ url }) => url);
    const fleet = await connectFleet({ wire, gateways, size: connections - (connections % 2), name, mintToken: system.mintToken });
    await untilSessionsAre(bench, already + fleet.phones.length);
    return new CallBench(bench, fleet);
  }

  /** Lets new processes compile their code, and the database make its plans. */
  async warmUp(): Promise<void> {
    await this.run('ring-reject', { perSecond: WARM_UP_RATE, seconds: WARM_UP_SECONDS, warmUpSeconds: 0, limit: ONLY_BEHIND });
  }

  /** Neighbours are on different gateways, where there are two. */
  #pairs(): { caller: Phone; callee: Phone }[] {
    const { phones } = this.#fleet;
    return Array.from({ length: phones.length / 2 }, (_, index) => ({
      caller: phones[2 * index] as Phone,
      callee: phones[2 * index + 1] as Phone,
    }));
  }

  async run(
    scenario: CallScenario,
    { perSecond, seconds, warmUpSeconds, limit }: Omit<Load, 'connections'>,
    onWindow: () => void = () => undefined,
  ): Promise<Result> {
    const { system, stores, report } = this.#bench;
    const script = CALL_SCRIPTS[scenario];
    const meter = new CpuMeter(system, stores);
    const load = await runCallLoad({
      script,
      wire: this.#bench.wire,
      pairs: this.#pairs(),
      perSecond,
      seconds,
      warmUpSeconds,
      limit,
      onWindow: () => {
        meter.mark();
        onWindow();
      },
      report: (line) => report(`${scenario} at ${perSecond}/s: ${line}`),
    });
    this.#placed += load.due;
    return {
      scenario,
      ...describe(this.#bench),
      connections: this.#fleet.phones.length,
      asked: perSecond,
      achieved: Math.round(load.achievedPerSecond),
      done: load.done,
      doneInWindow: load.doneInWindow,
      lost: load.lost,
      doubled: load.doubled,
      errors: load.errors,
      problems: [...lostConnections(this.#fleet), ...problemsIn(await system.ledger(script.finalState), this.#placed)],
      legs: latenciesOf(load.legs),
      wasHopeless: load.wasHopeless,
      cpu: await meter.perOperation(load.doneInWindow),
    };
  }

  [Symbol.dispose](): void {
    this.#fleet[Symbol.dispose]();
  }
}

const problemsIn = ({ calls, wrong, notOnce, unpublished }: Ledger, placed: number): string[] => [
  ...(calls === placed ? [] : [`${placed} calls were placed and the database has ${calls}`]),
  ...(wrong === 0 ? [] : [`${wrong} calls are in a wrong state`]),
  ...(notOnce === 0 ? [] : [`${notOnce} calls did not end exactly once`]),
  ...(unpublished === 0 ? [] : [`${unpublished} events were not published`]),
];
