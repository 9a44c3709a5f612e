import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Account, postgresAccount } from '../account.ts';
import type { BackingServer, BackingServerOptions } from '../backing-server.ts';
import { createTemporaryFolder, keptFolder } from '../folders.ts';
import { onPort } from '../free-port.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { prepareCluster } from './postgres-cluster.ts';
import { queryOnce } from './postgres-connection.ts';
import { type PostgresPrograms, postgresPrograms } from './postgres-programs.ts';
import { DATABASE, listenSettings, postgresSettings, SUPERUSER } from './postgres-settings.ts';

interface Served {
  programs: PostgresPrograms;
  account: Account | null;
  cluster: string;
  home: string;
  temporary: boolean;
  durable: boolean;
}

const urlOf = (port: number, database: string): string => `postgres://${SUPERUSER}@127.0.0.1:${port}/${database}`;

const serve = ({ programs, account, cluster, home, temporary, durable }: Served, port: number): Promise<ServerProcess> =>
  startServerProcess({
    name: 'PostgreSQL',
    program: programs.postgres,
    args: ['-D', cluster, ...listenSettings(port), ...postgresSettings({ durable })],
    account,
    logFile: join(home, 'postgres.log'),
    stopSignal: 'SIGINT',
    temporaryFolder: temporary ? home : null,
    isReady: async () =>
      (await queryOnce<{ data_directory: string }>(urlOf(port, 'postgres'), 'show data_directory'))[0]?.data_directory === cluster,
  });

const createDatabase = async (port: number): Promise<void> => {
  const known = await queryOnce(urlOf(port, 'postgres'), `select from pg_database where datname = '${DATABASE}'`);
  if (known.length === 0) await queryOnce(urlOf(port, 'postgres'), `create database ${DATABASE}`);
};

/** A PostgreSQL of its own, from the programs that came with the packages. */
export const startPostgresProcess = async ({
  dataFolder,
  port: asked,
  durable,
  report,
}: BackingServerOptions & { durable: boolean }): Promise<BackingServer> => {
  await using started = new AsyncDisposableStack();
  const account = await postgresAccount();
  const programs = await postgresPrograms(account);
  const temporary = dataFolder === null;
  const home = temporary
    ? await createTemporaryFolder('trunkline-postgres-', account)
    : await keptFolder(resolve(dataFolder, 'postgres'), account, report);
  if (temporary) started.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const cluster = await prepareCluster({ home, programs, account });
  const { pid, port } = await onPort(asked, async (port) => {
    const server = await serve({ programs, account, cluster, home, temporary, durable }, port);
    return { pid: started.use(server).pid, port };
  });
  await createDatabase(port);
  const running = started.move();
  return { url: urlOf(port, DATABASE), pid, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
