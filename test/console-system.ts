import { createDevDoor, startFrontDoor } from '@trunkline/cli';
import { consoleFolder } from '@trunkline/console';
import { DEV_JWT_SECRET, DEV_SERVER_KEY } from '@trunkline/service-kit';
import { freePort, type System, type SystemOptions, startSystem } from '@trunkline/testing';

export interface ConsoleSystem extends AsyncDisposable {
  readonly system: System;
  /** Front doors like that of `pnpm dev`: each leads to one of the gateways, and to the same call-service. */
  readonly doors: readonly [string, string];
}

const portOf = (url: string): number => Number(new URL(url).port);

/** The whole system with its console, as `pnpm dev` serves it. */
export const startConsoleSystem = async ({ settings }: Pick<SystemOptions, 'settings'> = {}): Promise<ConsoleSystem> => {
  const folder = await consoleFolder((line) => process.stderr.write(`${line}\n`));
  const ports = [await freePort(), await freePort()] as const;
  const env = { JWT_SECRET: DEV_JWT_SECRET, SERVER_API_KEYS: DEV_SERVER_KEY };
  await using starting = new AsyncDisposableStack();
  const origins = ports.map((port) => `http://127.0.0.1:${port}`);
  const system = starting.use(
    await startSystem({ settings: { ...env, CONSOLE_DIR: folder, ALLOWED_ORIGINS: origins.join(), ...settings } }),
  );
  const callServices = system.callServices.map(({ url }) => portOf(url));
  const openDoor = async (index: 0 | 1): Promise<string> => {
    const gateways = [portOf(system.gateways[index]?.url as string)];
    return starting.use(await startFrontDoor({ port: ports[index], gateways, callServices }, createDevDoor(env))).url;
  };
  const doors = [await openDoor(0), await openDoor(1)] as const;
  const running = starting.move();
  return { system, doors, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
