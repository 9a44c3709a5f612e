import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { CallOutcome } from '@trunkline/client';
import { connectOnlyCare, connectRaw, mintToken, type RawClient, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ClientPhone, clientPhone } from './client-phones.ts';
import { type LoadBalancer, startLoadBalancer } from './load-balancer.ts';

const PAIRS = 20;
const CALLS_PER_SECOND = 60;
const REPLICAS = [0, 1] as const;

let system: System;
let balancer: LoadBalancer;

beforeAll(async () => {
  system = await startSystem({
    callServices: 2,
    asProcesses: ['socket-gateway', 'call-service'],
    settings: { DRAIN_SECONDS: '8', STOP_NOTICE_SECONDS: '3', CALLER_GRACE_SECONDS: '10' },
  });
  balancer = await startLoadBalancer(system);
});
afterAll(async () => {
  await balancer?.[Symbol.asyncDispose]();
  await system?.[Symbol.asyncDispose]();
});

interface Finished {
  readonly callId: string;
  readonly caller: CallOutcome;
  readonly callee: CallOutcome;
}

const phoneBehind = (name: string): Promise<ClientPhone> =>
  clientPhone(system, [], `${name}-${randomUUID()}`, { url: balancer.url, restUrl: balancer.url, claims: { deviceId: randomUUID() } });

/** One call, to its end at both sides: every other one is declined. */
const callOnce = async (caller: ClientPhone, callee: ClientPhone, turn: number): Promise<Finished> => {
  const out = caller.client.place(callee.userId);
  await out.placed;
  const incoming = await callee.rings(out.id);
  if (turn % 2 === 0) await incoming.reject('Later');
  else {
    await incoming.accept();
    await out.end();
  }
  return { callId: out.id, caller: await out.finished, callee: await incoming.finished };
};

/** Call after call between two people, at a steady pace, as long as told. */
const keepCalling = async (goesOn: () => boolean): Promise<Finished[]> => {
  using caller = await phoneBehind('caller');
  using callee = await phoneBehind('callee');
  await Promise.all([caller.connected(), callee.connected()]);
  const finished: Finished[] = [];
  while (goesOn()) {
    const pace = pause((PAIRS / CALLS_PER_SECOND) * 1000);
    finished.push(await callOnce(caller, callee, finished.length));
    await pace;
  }
  return finished;
};

const restartEach = async (service: 'socket-gateway' | 'call-service'): Promise<void> => {
  for (const replica of REPLICAS) {
    const child = system.process(service, replica);
    expect(await child.stop()).toBe(0);
    await child.start();
  }
};

interface StockPhone {
  readonly userId: string;
  rings(): number;
  readonly farewells: unknown[];
}

/** An app as it is: Socket.IO's own client, which comes back by itself. */
const stockPhone = async (open: AsyncDisposableStack): Promise<StockPhone> => {
  const userId = `stock-${randomUUID()}`;
  const token = await mintToken(userId);
  const client = open.use(await connectOnlyCare(balancer.url, token, { reconnection: true, reconnectionDelay: 200 }));
  const named = (name: string) => client.heard.filter((event) => event.name === name).map(({ body }) => body);
  return {
    userId,
    rings: () => named('call:incoming').length,
    get farewells() {
      return named('connection:closing');
    },
  };
};

/** An app on a raw WebSocket that comes back when the close code says so. */
const rawPhone = async (open: AsyncDisposableStack): Promise<StockPhone> => {
  const userId = `raw-${randomUUID()}`;
  const url = `${balancer.url}/ws/chat?token=${await mintToken(userId)}`;
  const farewells: unknown[] = [];
  const lives: RawClient[] = [];
  let isOver = false;
  const live = async (): Promise<void> => {
    const client = await connectRaw(url);
    lives.push(client);
    void client.closed.then(({ code }) => {
      if (isOver) return;
      farewells.push({ code });
      if (code < 4500) void comeBack();
    });
  };
  const comeBack = async (): Promise<void> => {
    while (!isOver) {
      try {
        return await live();
      } catch {
        await pause(200);
      }
    }
  };
  await live();
  open.defer(async () => {
    isOver = true;
    await Promise.all(lives.map((client) => client[Symbol.asyncDispose]()));
  });
  const rings = (): number => lives.flatMap(({ frames }) => frames).filter(({ type }) => type === 'call_invitation').length;
  return { userId, rings, farewells };
};

it('a rolling restart of every gateway and call-service under load loses no call, and what rings goes on ringing', {
  timeout: 240_000,
}, async () => {
  await using open = new AsyncDisposableStack();
  const stock = await stockPhone(open);
  const raw = await rawPhone(open);
  const caller = open.use(await phoneBehind('patient'));
  const other = open.use(await phoneBehind('patient'));
  await Promise.all([caller.connected(), other.connected()]);
  const long = [
    [caller.client.place(stock.userId, { ringTimeoutSeconds: 120 }), stock] as const,
    [other.client.place(raw.userId, { ringTimeoutSeconds: 120 }), raw] as const,
  ];
  for (const [, phone] of long) await until('it rings', () => phone.rings() > 0);

  let goesOn = true;
  const load = Promise.all(Array.from({ length: PAIRS }, () => keepCalling(() => goesOn)));
  await restartEach('socket-gateway');
  await restartEach('call-service');
  goesOn = false;
  const finished = (await load).flat();

  const rows = await system.database.query<{ id: string; state: string }>('SELECT id, state FROM calls WHERE ended_at IS NOT NULL');
  const stateOf = new Map(rows.map(({ id, state }) => [id, state]));
  const parted = finished.filter(({ callId, caller, callee }) => caller.state !== stateOf.get(callId) || callee.state !== caller.state);
  expect(parted).toEqual([]);
  expect(finished.length).toBeGreaterThan(PAIRS * 10);
  const counts = await system.database.query<{ calls: number }>('SELECT count(*)::integer AS calls FROM calls');
  expect(counts).toEqual([{ calls: finished.length + long.length }]);

  expect(stock.farewells[0]).toMatchObject({ code: 4001, reason: 'going_away', reconnect: true });
  expect(raw.farewells).toContainEqual({ code: 4001 });
  for (const [call, phone] of long) {
    expect(phone.rings()).toBeGreaterThan(1);
    expect(call.state).toBe('RINGING');
    await call.cancel();
  }
});
