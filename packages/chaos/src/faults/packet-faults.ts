import type { Dice } from '../dice.ts';
import type { World } from '../system/world.ts';
import type { Fault } from './fault.ts';
import { type PacketRule, withPacketRules } from './packet-rules.ts';

interface Connected {
  /** Who connects, and to whom. */
  ends: readonly [string, string];
  group: Fault['group'];
  seconds: Fault['seconds'];
  /** Whose port the packets go to and come from. */
  choose(world: World, dice: Dice): readonly { url: string }[];
}

const CONNECTED: readonly Connected[] = [
  {
    ends: ['gateway', 'redis'],
    group: 'redis',
    seconds: [3, 8],
    choose: ({ links }, dice) => [dice.pick(links.gatewayToRedis)],
  },
  {
    ends: ['gateway', 'call_service'],
    group: 'call-service',
    seconds: [3, 8],
    choose: ({ links }, dice) => dice.pick(links.gatewayToCallService),
  },
  {
    ends: ['call_service', 'postgres'],
    group: 'postgres',
    seconds: [2, 5],
    choose: ({ links }, dice) => [dice.pick(links.callServiceToPostgres)],
  },
  {
    ends: ['phones', 'gateway'],
    group: 'phones',
    seconds: [1, 2.5],
    // Phones have no socket before the one to the gateway.
    choose: ({ gateways }, dice) => [dice.pick(gateways)],
  },
];

type Way = PacketRule['way'];

interface Trouble {
  name(from: string, to: string): string;
  ways: readonly Way[];
  verdict: PacketRule['verdict'];
  /** Of a hundred packets, how many: the dice choose between these. */
  share: readonly [number, number];
}

const BOTH: readonly Way[] = ['to', 'from'];
const ALL: Trouble['share'] = [100, 100];

const TROUBLES: readonly Trouble[] = [
  { name: (from, to) => `packets_lost_between_${from}_and_${to}`, ways: BOTH, verdict: 'drop', share: ALL },
  { name: (from, to) => `packets_lost_from_${from}_to_${to}`, ways: ['to'], verdict: 'drop', share: ALL },
  { name: (from, to) => `packets_lost_from_${to}_to_${from}`, ways: ['from'], verdict: 'drop', share: ALL },
  { name: (from, to) => `some_packets_lost_between_${from}_and_${to}`, ways: BOTH, verdict: 'drop', share: [10, 30] },
  // Whoever connected is reset, which its next packet tells the other. A reset the other way alone would leave it open and deaf.
  { name: (from, to) => `${from}_rejected_by_${to}`, ways: ['to'], verdict: 'reject', share: ALL },
];

const faultOf = ({ group, seconds, choose }: Connected, { ways, verdict, share }: Trouble): Fault => ({
  group,
  seconds,
  countsFrom: 'end',
  inflict: async (world: World, dice, hold, note) => {
    const drawn = Math.round(dice.between(...share));
    const ports = choose(world, dice).map(({ url }) => Number(new URL(url).port));
    const rules = ports.flatMap((port) => ways.map((way): PacketRule => ({ port, way, share: drawn, verdict })));
    note(`met ${await withPacketRules(rules, hold)} packets`);
  },
});

/** Of the kernel's own network, where it is ours: what is lost here is sent again, later and later, and what is refused is reset. */
export const PACKET_FAULTS: Readonly<Record<string, Fault>> = Object.fromEntries(
  CONNECTED.flatMap((connected) => TROUBLES.map((trouble) => [trouble.name(...connected.ends), faultOf(connected, trouble)])),
);
