import { runArrivals } from '../load/arrivals.ts';
import { connectFleet } from '../load/fleet.ts';
import { Histogram } from '../load/histogram.ts';
import { Phone } from '../load/phone.ts';
import type { CallWire, Heard, Word } from '../load/wire.ts';
import { latenciesOf, type Result } from '../report/result.ts';
import { CpuMeter } from '../system/cpu-meter.ts';
import { type Bench, describe, type Load, untilSessionsAre } from './scenario.ts';

const PATIENCE_MS = 10_000;
const OFFLINE_LEG = 'close → offline';
const ONLINE_LEG = 'connect → online';

interface Pair {
  readonly watcher: Phone;
  readonly token: string;
  readonly base: string;
  readonly userId: string;
  watched: Phone;
}

const hears = (phone: Phone, word: Word): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`never heard ${word}`)), PATIENCE_MS);
    phone.onHeard = (heard) => {
      if (heard.word !== word) return;
      clearTimeout(timer);
      resolve(heard);
    };
  });

/** Presence is told to who is in a call with somebody: both sides of each pair are in one. */
const enterCall = async (wire: CallWire, { watcher, watched }: Pair): Promise<void> => {
  const incoming = hears(watched, 'incoming');
  watcher.send(wire.place(watched.userId, null));
  const { callId } = await incoming;
  const accepted = hears(watcher, 'accepted');
  watched.send(wire.say('accept', callId ?? ''));
  await accepted;
};

/** One user goes away and comes back; the other one hears of both. */
const toggle = async (bench: Bench, pair: Pair, dueAt: number, legs: Record<string, Histogram>): Promise<void> => {
  const offline = hears(pair.watcher, 'offline');
  pair.watched.close();
  await offline;
  const returnedAt = performance.now();
  legs[OFFLINE_LEG]?.record(returnedAt - dueAt);
  const online = hears(pair.watcher, 'online');
  const { wire } = bench;
  pair.watched = await Phone.connect({ wire, base: pair.base, userId: pair.userId, token: pair.token, onLost: () => undefined });
  await online;
  legs[ONLINE_LEG]?.record(performance.now() - returnedAt);
};

/** Users in calls lose their connection and come back at a fixed rate; their partners hear of it. */
export const runPresence = async (bench: Bench, { perSecond, seconds, connections }: Load): Promise<Result> => {
  const { system, wire } = bench;
  const gateways = system.gateways.map(({ url }) => url);
  using fleet = await connectFleet({ wire, gateways, size: connections - (connections % 2), name: 'seen', mintToken: system.mintToken });
  await untilSessionsAre(bench, fleet.phones.length);
  const pairs = await Promise.all(
    Array.from({ length: fleet.phones.length / 2 }, async (_, index): Promise<Pair> => {
      const [watcher, watched] = fleet.phones.slice(2 * index, 2 * index + 2) as [Phone, Phone];
      const base = gateways[(2 * index + 1) % gateways.length] as string;
      return { watcher, watched, userId: watched.userId, base, token: await system.mintToken(watched.userId) };
    }),
  );
  bench.report(`${pairs.length} pairs enter a call each`);
  await Promise.all(pairs.map((pair) => enterCall(wire, pair)));

  const legs = { [OFFLINE_LEG]: new Histogram(), [ONLINE_LEG]: new Histogram() };
  const free = [...pairs];
  const meter = new CpuMeter(system, bench.stores);
  const under: Promise<void>[] = [];
  let lost = 0;
  let done = 0;
  const change = async (pair: Pair, dueAt: number): Promise<void> => {
    try {
      await toggle(bench, pair, dueAt, legs);
      done += 1;
      free.push(pair);
    } catch {
      lost += 1;
    }
  };
  meter.mark();
  const startedAt = performance.now();
  const due = await runArrivals({
    perSecond,
    durationMs: seconds * 1000,
    onArrival: (dueAt) => {
      const pair = free.shift();
      if (pair === undefined) lost += 1;
      else under.push(change(pair, dueAt));
    },
  });
  await Promise.all(under);
  meter.mark();
  const tookMs = performance.now() - startedAt;
  bench.report(`${done} of ${due} changes were heard`);
  for (const { watched } of pairs) watched.close();
  return {
    scenario: 'presence',
    ...describe(bench),
    connections: fleet.phones.length,
    asked: perSecond,
    achieved: Math.round((done / tookMs) * 1000),
    done,
    lost,
    doubled: 0,
    errors: {},
    problems: [],
    legs: latenciesOf(legs),
    cpu: await meter.perOperation(done),
  };
};
