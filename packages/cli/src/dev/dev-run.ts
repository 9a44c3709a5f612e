import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackingServices, startBackingServices } from '@trunkline/backing-services';
import { consoleFolder } from '@trunkline/console';
import type { Environment } from '../command.ts';
import { createChildStarter, earlyEnd, type StartChild } from './child-process.ts';
import { createDevDoor } from './dev-door.ts';
import { needsPushStandIn, startDevPush } from './dev-push.ts';
import { type DevSettings, serviceEnvironment } from './dev-settings.ts';
import { startFrontDoor } from './front-door.ts';
import { type PortPlan, planPorts, portProblems } from './ports.ts';
import { startServices } from './service.ts';
import { callServiceSpecs, edgeSpecs, migrationSpec, type Surroundings } from './service-specs.ts';

export interface DevRunOptions {
  env: Environment;
  settings: DevSettings;
  report(line: string): void;
  /** Aborting it gives up a start that is under way. */
  stop: AbortSignal;
}

export interface DevRun extends AsyncDisposable {
  readonly ports: PortPlan;
  /** What the services run with. */
  readonly env: Environment;
  readonly backing: Pick<BackingServices, 'databaseUrl' | 'redisUrl'>;
  readonly logs: string;
}

const refuseTakenPorts = async (ports: PortPlan): Promise<void> => {
  const problems = await portProblems(ports);
  if (problems.length > 0) throw new Error(problems.join('\n'));
};

const emptyFolder = async (folder: string): Promise<string> => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
};

const migrate = async (startChild: StartChild, surroundings: Surroundings): Promise<void> => {
  const spec = migrationSpec(surroundings);
  await using migration = startChild(spec);
  const how = await migration.ended;
  if (how !== 'with exit code 0') throw earlyEnd(spec.name, how, migration);
};

const portsOf = (claims: readonly { port: number }[]): number[] => claims.map(({ port }) => port);

/** Everything, in the order in which each needs the one before; disposing stops it in the opposite order. */
export const startDevRun = async ({ env, settings, report, stop }: DevRunOptions): Promise<DevRun> => {
  const ports = planPorts(settings, needsPushStandIn(env));
  await refuseTakenPorts(ports);
  await using started = new AsyncDisposableStack();
  const { startChild } = started.use(createChildStarter());

  report('Starting PostgreSQL and Redis …');
  const backing = started.use(await startBackingServices({ env, dataFolder: settings.DATA_DIR, durable: true, report }));
  stop.throwIfAborted();

  const logs = await emptyFolder(join(settings.DATA_DIR, 'logs'));
  const push = started.use(await startDevPush(env, settings.DATA_DIR, ports.pushStandIn));
  const consoleDir = await consoleFolder(report);
  const surroundings = {
    env: serviceEnvironment(env, settings, backing, { consoleDir, gateways: portsOf(ports.gateways) }),
    push,
    logs,
    report,
  };
  report('Bringing the database up to date …');
  await migrate(startChild, surroundings);
  stop.throwIfAborted();

  started.use(
    await startFrontDoor(
      { port: ports.frontDoor.port, gateways: portsOf(ports.gateways), callServices: portsOf(ports.callServices) },
      createDevDoor(surroundings.env),
    ),
  );
  report(`Starting ${settings.CALL_SERVICES} call-service(s), ${settings.GATEWAYS} gateway(s) and a notifier …`);
  started.use(await startServices(callServiceSpecs(ports, surroundings), { startChild, stop }));
  started.use(await startServices(edgeSpecs(ports, surroundings), { startChild, stop }));

  const running = started.move();
  return { ports, env: surroundings.env, backing, logs, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
