import { runArrivals } from '../load/arrivals.ts';
import { connectFleet, MAX_SOCKETS, mintTokens } from '../load/fleet.ts';
import { Histogram } from '../load/histogram.ts';
import { Phone } from '../load/phone.ts';
import { latencyOf, type Result } from '../report/result.ts';
import { CpuMeter } from '../system/cpu-meter.ts';
import { residentKilobytes } from '../system/processes.ts';
import { type Bench, describe, type Load, lostConnections, untilSessionsAre } from './scenario.ts';

const CONNECT_LEG = 'connect → ready';
const CLEAN = { lost: 0, doubled: 0, errors: {}, problems: [] };
/** What a process needs once, however many connect: code, pools, the first pages of its heap. */
const WARM_UP_CONNECTIONS = 200;
const HELD_MS = 1000;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What all gateways hold when their garbage is collected. */
const gatewayKilobytes = async ({ system }: Bench): Promise<number> => {
  for (let round = 0; round < 2; round += 1) {
    await Promise.all(system.gateways.map((gateway) => gateway.collectGarbage()));
    await pause(200);
  }
  return system.gateways.reduce((total, { pid }) => total + (residentKilobytes(pid) ?? Number.NaN), 0);
};

const connectAll = (bench: Bench, size: number, name: string) =>
  connectFleet({
    wire: bench.wire,
    gateways: bench.system.gateways.map(({ url }) => url),
    size,
    name,
    mintToken: bench.system.mintToken,
    report: (connected) => {
      if (connected % 1000 === 0) bench.report(`${connected} of ${size} connected`);
    },
  });

/** Connects as fast as the system lets in 64 at a time, and holds the connections: how fast that went, and what they weigh. */
export const runIdle = async (bench: Bench, connections: number): Promise<Result> => {
  const before = await bench.system.openSessions();
  using warmUp = await connectAll(bench, WARM_UP_CONNECTIONS, 'first');
  await untilSessionsAre(bench, before + WARM_UP_CONNECTIONS);
  warmUp[Symbol.dispose]();
  await untilSessionsAre(bench, before);
  const emptyKilobytes = await gatewayKilobytes(bench);
  const { redisMemory: emptyRedis } = await bench.stores.usage();

  const meter = new CpuMeter(bench.system, bench.stores);
  meter.mark();
  const startedAt = performance.now();
  using fleet = await connectAll(bench, connections, 'idle');
  await untilSessionsAre(bench, before + connections);
  const tookMs = performance.now() - startedAt;
  meter.mark();
  await pause(HELD_MS);
  const kilobytes = await gatewayKilobytes(bench);
  const { redisMemory } = await bench.stores.usage();
  const achieved = Math.round((connections / tookMs) * 1000);
  const result: Result = {
    scenario: 'idle',
    ...describe(bench),
    connections,
    asked: achieved,
    achieved,
    done: connections,
    ...CLEAN,
    problems: lostConnections(fleet),
    legs: {},
    cpu: await meter.perOperation(connections),
    redisBytesPerConnection: Math.round((redisMemory - emptyRedis) / connections),
    kilobytesPerConnection: Math.round(((kilobytes - emptyKilobytes) / connections) * 10) / 10,
  };
  fleet[Symbol.dispose]();
  await untilSessionsAre(bench, before);
  return result;
};

interface Arrival {
  phones: Phone[];
  errors: Record<string, number>;
  latency: Histogram;
}

/** Lets one user in at a time that was set beforehand. */
const arrive = async (
  bench: Bench,
  user: { userId: string; token: string },
  index: number,
  dueAt: number,
  into: Arrival,
): Promise<void> => {
  const { gateways } = bench.system;
  const base = gateways[index % gateways.length]?.url as string;
  const onLost = (): void => count(into.errors, 'connection lost');
  try {
    into.phones.push(await Phone.connect({ wire: bench.wire, base, ...user, onLost }));
    into.latency.record(performance.now() - dueAt);
  } catch {
    count(into.errors, 'not let in');
  }
};

const count = (errors: Record<string, number>, code: string): void => {
  errors[code] = (errors[code] ?? 0) + 1;
};

const summaryOf = async (
  bench: Bench,
  { scenario, asked, achieved, meter }: { scenario: string; asked: number; achieved: number; meter: CpuMeter },
  { phones, errors, latency }: Arrival,
): Promise<Result> => ({
  scenario,
  ...describe(bench),
  connections: phones.length,
  asked,
  achieved: Math.round(achieved),
  done: phones.length,
  ...CLEAN,
  lost: errors['not let in'] ?? 0,
  errors,
  legs: { [CONNECT_LEG]: latencyOf(latency) },
  cpu: await meter.perOperation(phones.length),
});

/** New users at a fixed rate, who stay. */
export const runConnectRate = async (bench: Bench, { perSecond, seconds }: Load): Promise<Result> => {
  const size = Math.min(MAX_SOCKETS, Math.round(perSecond * seconds));
  const before = await bench.system.openSessions();
  const users = await mintTokens(size, `new-${Date.now()}`, bench.system.mintToken);
  const meter = new CpuMeter(bench.system, bench.stores);
  const into: Arrival = { phones: [], errors: {}, latency: new Histogram() };
  const coming: Promise<void>[] = [];
  meter.mark();
  const startedAt = performance.now();
  await runArrivals({
    perSecond,
    durationMs: (size / perSecond) * 1000,
    onArrival: (dueAt) => {
      const index = coming.length;
      coming.push(arrive(bench, users[index] as { userId: string; token: string }, index, dueAt, into));
    },
  });
  await Promise.all(coming);
  await untilSessionsAre(bench, before + into.phones.length);
  const tookMs = performance.now() - startedAt;
  meter.mark();
  const achieved = (into.phones.length / tookMs) * 1000;
  const result = await summaryOf(bench, { scenario: 'connect-rate', asked: perSecond, achieved, meter }, into);
  for (const phone of into.phones) phone.close();
  await untilSessionsAre(bench, before);
  return result;
};

/** All users lose their connection at once, and come back within `seconds`, each at a moment of their own (full jitter). */
export const runReconnectStorm = async (bench: Bench, { seconds, connections }: Load, random: () => number): Promise<Result> => {
  const before = await bench.system.openSessions();
  using fleet = await connectAll(bench, connections, 'storm');
  await untilSessionsAre(bench, before + connections);
  const users = await mintTokens(connections, 'storm', bench.system.mintToken);
  const meter = new CpuMeter(bench.system, bench.stores);
  const into: Arrival = { phones: [], errors: {}, latency: new Histogram() };
  bench.report(`${connections} users lose their connection`);
  fleet[Symbol.dispose]();
  meter.mark();
  const startedAt = performance.now();
  await Promise.all(
    users.map(async (user, index) => {
      const dueAt = startedAt + random() * seconds * 1000;
      await pause(dueAt - performance.now());
      await arrive(bench, user, index, dueAt, into);
    }),
  );
  await untilSessionsAre(bench, before + into.phones.length);
  const tookMs = performance.now() - startedAt;
  meter.mark();
  const rates = { asked: Math.round(connections / seconds), achieved: (into.phones.length / tookMs) * 1000 };
  const result = await summaryOf(bench, { scenario: 'reconnect-storm', ...rates, meter }, into);
  for (const phone of into.phones) phone.close();
  await untilSessionsAre(bench, before);
  return result;
};
