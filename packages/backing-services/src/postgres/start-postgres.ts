import { type BackingServer, type BackingServerOptions, externalServer } from '../backing-server.ts';
import { containerPolicy } from '../container-policy.ts';
import { startPostgresContainer } from '../containers.ts';
import { dockerAnswers } from '../docker.ts';
import { queryOnce } from './postgres-connection.ts';
import { startPostgresProcess } from './postgres-process.ts';

export interface PostgresOptions extends BackingServerOptions {
  /** False only for tests that kill no machine: faster, and what was acknowledged survives the server's death all the same. */
  durable: boolean;
}

const externalPostgres = async (url: string): Promise<BackingServer> => {
  await queryOnce(url, 'select 1').catch((error: unknown) => {
    throw new Error(`DATABASE_URL is set, and nothing answers there: ${error instanceof Error ? error.message || error.name : error}`, {
      cause: error,
    });
  });
  return externalServer(url);
};

/** PostgreSQL: the one at DATABASE_URL; for tests one in a container where Docker answers; else one of its own. */
export const startPostgres = async (options: PostgresOptions): Promise<BackingServer> => {
  if (options.env.DATABASE_URL) return externalPostgres(options.env.DATABASE_URL);
  const containers = containerPolicy(options);
  if (containers === 'only' || (containers === 'first' && (await dockerAnswers(options.env)))) return startPostgresContainer(options);
  return startPostgresProcess(options);
};
