import { availableParallelism } from 'node:os';
import { cpuOf, cpuOfMachine } from './processes.ts';
import type { Stores, StoreUsage } from './stores.ts';
import type { System } from './system.ts';

/** Microseconds of CPU for each operation; null where it could not be read. */
export interface CpuPerOperation {
  services: Record<string, number | null>;
  postgres: number | null;
  redis: number;
  /** The services and both stores. */
  server: number | null;
  generator: number;
  /** How much of one core the generator used: near 1 it is the bottleneck. */
  generatorShare: number;
  /** How much of the whole machine programs used that have nothing to do with this; null where it could not be read. */
  othersShare: number | null;
  transactions: number;
  walBytes: number;
  databaseBytes: number;
  redisCommands: number;
  redisBytesOut: number;
}

interface Reading {
  at: number;
  services: Map<string, number | null>;
  stores: StoreUsage;
  generator: number;
  machine: number | null;
}

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((total, value) => (total === null || value === null ? null : total + value), 0);

const tenth = (value: number): number => Math.round(value * 10) / 10;
const hundredth = (value: number): number => Math.round(value * 100) / 100;
const perOperation = (value: number | null, operations: number): number | null =>
  value === null || operations === 0 ? null : tenth(value / operations);
const difference = (later: number | null, earlier: number | null): number | null =>
  later === null || earlier === null ? null : later - earlier;

/** Past this, what others did on the machine says more than what we did. */
const DISTURBED = 0.12;

export const isDisturbed = ({ othersShare }: Pick<CpuPerOperation, 'othersShare'>): boolean => (othersShare ?? 0) > DISTURBED;

/** Reads what every process has used, at two moments. */
export class CpuMeter {
  readonly #system: System;
  readonly #stores: Stores;
  #readings: Promise<Reading>[] = [];

  constructor(system: System, stores: Stores) {
    this.#system = system;
    this.#stores = stores;
  }

  /** The first call begins the measurement, the second ends it. */
  mark(): void {
    this.#readings.push(this.#read());
  }

  async #read(): Promise<Reading> {
    const services = new Map<string, number | null>();
    for (const { name, pid } of this.#system.processes) services.set(name, sum([services.get(name) ?? 0, cpuOf(pid)]));
    const { user, system } = process.cpuUsage();
    return { at: performance.now(), services, generator: user + system, machine: cpuOfMachine(), stores: await this.#stores.usage() };
  }

  /** @throws when there was not one mark at each end */
  async perOperation(operations: number): Promise<CpuPerOperation> {
    const [first, last] = await Promise.all(this.#readings);
    if (first === undefined || last === undefined) throw new Error('CPU was not read twice');
    const used = [...last.services].map(([name, value]) => [name, difference(value, first.services.get(name) ?? null)] as const);
    const postgres = difference(last.stores.postgresCpu, first.stores.postgresCpu);
    const redis = last.stores.redisCpu - first.stores.redisCpu;
    const generator = last.generator - first.generator;
    const server = sum([...used.map(([, value]) => value), postgres, redis]);
    const elapsed = (last.at - first.at) * 1000;
    const machine = difference(last.machine, first.machine);
    return {
      services: Object.fromEntries(used.map(([name, value]) => [name, perOperation(value, operations)])),
      postgres: perOperation(postgres, operations),
      redis: perOperation(redis, operations) ?? 0,
      server: perOperation(server, operations),
      generator: perOperation(generator, operations) ?? 0,
      generatorShare: hundredth(generator / elapsed),
      othersShare:
        machine === null || server === null
          ? null
          : hundredth(Math.max(0, machine - server - generator) / (elapsed * availableParallelism())),
      transactions: (last.stores.transactions - first.stores.transactions) / Math.max(1, operations),
      walBytes: perOperation(last.stores.walBytes - first.stores.walBytes, operations) ?? 0,
      databaseBytes: perOperation(last.stores.databaseBytes - first.stores.databaseBytes, operations) ?? 0,
      redisCommands: perOperation(last.stores.redisCommands - first.stores.redisCommands, operations) ?? 0,
      redisBytesOut: perOperation(last.stores.redisBytesOut - first.stores.redisBytesOut, operations) ?? 0,
    };
  }
}
