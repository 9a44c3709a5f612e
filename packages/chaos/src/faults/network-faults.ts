import type { Direction, FaultProxy } from '@trunkline/testing';
import type { Dice } from '../dice.ts';
import type { World } from '../system/world.ts';
import type { Fault } from './fault.ts';

type Choose = (world: World, dice: Dice) => readonly FaultProxy[];

const someGatewaysRedis: Choose = ({ links }, dice) => [dice.pick(links.gatewayToRedis)];
const someGatewaysCallServices: Choose = ({ links }, dice) => dice.pick(links.gatewayToCallService);
const somePhones: Choose = ({ links }, dice) => [dice.pick(links.edge)];
const someCallServicesRedis: Choose = ({ links }, dice) => [dice.pick(links.callServiceToRedis)];
const someCallServicesPostgres: Choose = ({ links }, dice) => [dice.pick(links.callServiceToPostgres)];

interface Trouble {
  begin(proxy: FaultProxy): void;
  end(proxy: FaultProxy): void;
}

const pass = (proxy: FaultProxy): void => proxy.pass();

const refused: Trouble = { begin: (proxy) => proxy.refuse(), end: pass };
const reset: Trouble = { begin: (proxy) => proxy.reset(), end: pass };
/** What is there is dead for good, and nobody is told until it is over. */
const halfOpen: Trouble = {
  begin: (proxy) => proxy.swallow(),
  end: (proxy) => {
    proxy.reset();
    proxy.pass();
  },
};
const dropped = (direction?: Direction): Trouble => ({ begin: (proxy) => proxy.stall(direction), end: pass });
const slow = (milliseconds: number): Trouble => ({ begin: (proxy) => proxy.delay(milliseconds), end: (proxy) => proxy.delay(0) });
const dripping: Trouble = { begin: (proxy) => proxy.drip(64), end: (proxy) => proxy.drip(null) };
const cutAfter = (bytes: number): Trouble => ({ begin: (proxy) => proxy.cutAfter(bytes), end: (proxy) => proxy.cutAfter(null) });

const trouble = (group: Fault['group'], choose: Choose, { begin, end }: Trouble, seconds: Fault['seconds'] = [5, 8]): Fault => ({
  group,
  seconds,
  countsFrom: 'end',
  inflict: async (world, dice, hold) => {
    const proxies = choose(world, dice);
    for (const proxy of proxies) begin(proxy);
    await hold();
    for (const proxy of proxies) end(proxy);
  },
});

export const NETWORK_FAULTS = {
  gateway_refused_by_redis: trouble('redis', someGatewaysRedis, refused, [5, 10]),
  gateway_dropped_from_redis: trouble('redis', someGatewaysRedis, dropped(), [5, 15]),
  gateway_deaf: trouble('redis', someGatewaysRedis, dropped('down')),
  gateway_mute_to_redis: trouble('redis', someGatewaysRedis, dropped('up')),
  gateway_half_open_to_redis: trouble('redis', someGatewaysRedis, halfOpen),
  gateway_refused_by_call_service: trouble('call-service', someGatewaysCallServices, refused),
  gateway_dropped_from_call_service: trouble('call-service', someGatewaysCallServices, dropped(), [5, 12]),
  gateway_hears_no_answers: trouble('call-service', someGatewaysCallServices, dropped('down')),
  gateway_half_open_to_call_service: trouble('call-service', someGatewaysCallServices, halfOpen),
  call_service_refused_by_redis: trouble('redis', someCallServicesRedis, refused, [2, 6]),
  call_service_dropped_from_redis: trouble('redis', someCallServicesRedis, dropped(), [2, 6]),
  call_service_refused_by_postgres: trouble('postgres', someCallServicesPostgres, refused, [2, 5]),
  call_service_half_open_to_postgres: trouble('postgres', someCallServicesPostgres, halfOpen, [2, 6]),
  call_service_slow_to_postgres: trouble('postgres', someCallServicesPostgres, slow(150), [2, 5]),
  phones_reset: trouble('phones', somePhones, reset, [0.2, 1]),
  phones_refused: trouble('phones', somePhones, refused, [1, 4]),
  phones_half_open: trouble('phones', somePhones, halfOpen, [3, 6]),
  phones_dripped: trouble('phones', somePhones, dripping, [2, 5]),
  phones_cut_after_2000_bytes: trouble('phones', somePhones, cutAfter(2000), [2, 4]),
} satisfies Record<string, Fault>;
