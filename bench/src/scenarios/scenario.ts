import type { Fleet } from '../load/fleet.ts';
import type { CallWire, DialectName } from '../load/wire.ts';
import type { Stores } from '../system/stores.ts';
import type { System } from '../system/system.ts';
import type { Limit } from './late-count.ts';

/** What every scenario is given. */
export interface Bench {
  system: System;
  stores: Stores;
  wire: CallWire;
  callServices: number;
  report(line: string): void;
}

export interface Load {
  perSecond: number;
  seconds: number;
  warmUpSeconds: number;
  connections: number;
  /** Ends a run early that cannot hold it any more. */
  limit?: Limit;
}

export const describe = ({
  system,
  wire,
  callServices,
}: Bench): { system: string; dialect: DialectName; gateways: number; callServices: number } => ({
  system: system.name,
  dialect: wire.name,
  gateways: system.gateways.length,
  callServices,
});

const PATIENCE_MS = 60_000;

/** Waits until the system knows of so many sessions. @throws when it does not come to that */
export const untilSessionsAre = async ({ system }: Bench, count: number): Promise<void> => {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await system.openSessions()) !== count) {
    if (performance.now() > deadline) throw new Error(`the system has ${await system.openSessions()} open sessions in place of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Whether connections were lost, as a problem. */
export const lostConnections = (fleet: Fleet): string[] => (fleet.lost() === 0 ? [] : [`${fleet.lost()} connections were lost`]);
