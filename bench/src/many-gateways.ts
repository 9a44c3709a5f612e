import type { Options } from './options.ts';
import { isClean, type Result } from './report/result.ts';
import { textTable } from './report/text-table.ts';
import { loadOf, wireOf } from './run-scenario.ts';
import { CallBench } from './scenarios/calls.ts';
import type { Load } from './scenarios/scenario.ts';
import { SYSTEM_NAMES, startSystem } from './start-system.ts';
import { RedisMeter } from './system/redis-meter.ts';
import type { Stores } from './system/stores.ts';

export interface ManyGateways {
  system: string;
  gateways: number;
  /** Messages of Redis that one gateway heard for each call, on average, and that all of them heard together. */
  messagesPerGateway: number;
  messages: number;
  /** Bytes that all gateways read from Redis for each call. */
  bytesRead: number;
  result: Result;
}

const COUNTS = [1, 2, 4, 8, 16];
const RATE = 300;
const hundredth = (value: number): number => Math.round(value * 100) / 100;

const describe = (measured: readonly ManyGateways[]): string =>
  textTable(
    [
      'per call',
      'gateways',
      'messages a gateway',
      'messages in all',
      'bytes gateways read',
      'Redis commands',
      'bytes Redis sent',
      'server µs',
      'other programs',
      '',
    ],
    measured.map(({ system, gateways, messagesPerGateway, messages, bytesRead, result }) => [
      system,
      String(gateways),
      messagesPerGateway.toFixed(2),
      messages.toFixed(2),
      bytesRead.toFixed(0),
      (result.cpu?.redisCommands ?? 0).toFixed(1),
      (result.cpu?.redisBytesOut ?? 0).toFixed(0),
      result.cpu?.server?.toFixed(0) ?? '–',
      `${Math.round((result.cpu?.othersShare ?? 0) * 100)} %`,
      isClean(result) ? 'clean' : 'NOT CLEAN',
    ]),
  );

const measureOne = async (
  stores: Stores,
  options: Options,
  { system: name, gateways, load }: { system: (typeof SYSTEM_NAMES)[number]; gateways: number; load: Load },
): Promise<ManyGateways> => {
  await using system = await startSystem(stores, { ...options, system: name, gateways });
  const wire = wireOf(name === 'baseline' ? 'onlycare' : options.dialect);
  const bench = { system, stores, wire, callServices: options.callServices, report: () => undefined };
  using calls = await CallBench.connect(bench, load.connections);
  const meter = new RedisMeter(system.gateways, Number(new URL(stores.redisUrl).port));
  await meter.start();
  const result = await calls.run('ring-reject', load, () => meter.mark());
  const heard = await meter.between();
  const ended = Math.max(1, result.doneInWindow ?? 0);
  const messages = heard.messages / ended;
  return {
    system: name,
    gateways,
    messagesPerGateway: hundredth(messages / gateways),
    messages: hundredth(messages),
    bytesRead: Math.round(heard.bytes / ended),
    result,
  };
};

/** The same users and load on more and more gateway processes: what each of them hears, and what Redis does, for one call. */
export const measureManyGateways = async (stores: Stores, options: Options, print: (line: string) => void): Promise<ManyGateways[]> => {
  const [load] = loadOf('ring-reject', { ...options, rate: options.rate ?? [RATE] });
  const measured: ManyGateways[] = [];
  for (const system of options.system === undefined ? SYSTEM_NAMES : [options.system]) {
    for (const gateways of COUNTS.filter((count) => count <= options.upTo)) {
      const one = await measureOne(stores, options, { system, gateways, load });
      measured.push(one);
      print(
        `${system} with ${gateways}: ${one.messagesPerGateway} messages a gateway, ${one.result.cpu?.redisCommands} Redis commands a call`,
      );
    }
  }
  print(`\nring-reject at ${load.perSecond}/s, ${load.connections} connections\n${describe(measured)}`);
  return measured;
};
