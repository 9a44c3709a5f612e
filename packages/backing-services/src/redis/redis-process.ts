import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BackingServer, BackingServerOptions } from '../backing-server.ts';
import { createTemporaryFolder } from '../folders.ts';
import { onPort } from '../free-port.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { commandOnce } from './redis-connection.ts';
import { REDIS_SETTINGS } from './redis-settings.ts';

const urlOf = (port: number): string => `redis://127.0.0.1:${port}`;

const serve = (
  program: string,
  { folder, temporary, port, more }: { folder: string; temporary: boolean; port: number; more: readonly string[] },
): Promise<ServerProcess> =>
  startServerProcess({
    name: 'Redis',
    program,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no', ...REDIS_SETTINGS, ...more],
    account: null,
    logFile: join(folder, 'redis.log'),
    stopSignal: 'SIGTERM',
    temporaryFolder: temporary ? folder : null,
    isReady: async (pid) => new RegExp(`^process_id:${pid}\\r?$`, 'm').test(String(await commandOnce(urlOf(port), 'INFO', 'server'))),
  });

/** A Redis of its own: a private port of 127.0.0.1, a private folder, nothing saved. */
export const startRedisProcess = async (
  program: string,
  { dataFolder, port: asked }: BackingServerOptions,
  more: readonly string[] = [],
): Promise<BackingServer> => {
  await using started = new AsyncDisposableStack();
  const temporary = dataFolder === null;
  const folder = temporary ? await createTemporaryFolder('trunkline-redis-', null) : resolve(dataFolder, 'redis');
  if (temporary) started.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  else await mkdir(folder, { recursive: true, mode: 0o700 });
  const { pid, port } = await onPort(asked, async (port) => {
    const server = await serve(program, { folder, temporary, port, more });
    return { pid: started.use(server).pid, port };
  });
  const running = started.move();
  return { url: urlOf(port), pid, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
