import { COMPILE_CACHE, startBackingServices } from '@trunkline/backing-services';
import { migrate } from '@trunkline/call-service';
import type { TestProject } from 'vitest/node';

/** Gets PostgreSQL and Redis once for the whole run, and migrates the database that every system copies. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  // Every file of tests has a process of its own, which inherits this.
  Object.assign(process.env, COMPILE_CACHE);
  const backing = await startBackingServices({
    env: process.env,
    dataFolder: null,
    durable: false,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  project.provide('races', { count: Number(process.env['RACES'] ?? 500), seed: Number(process.env['SEED'] ?? Date.now() % 1_000_000) });
  await migrate(backing.databaseUrl);
  project.provide('templateDatabaseUrl', backing.databaseUrl);
  project.provide('redisUrl', backing.redisUrl);
  return async () => backing[Symbol.asyncDispose]();
}
