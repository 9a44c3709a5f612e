import { type PostgresOptions, startPostgres } from './postgres/start-postgres.ts';
import { startRedis } from './redis/start-redis.ts';

export interface BackingServices extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

export type BackingServicesOptions = Omit<PostgresOptions, 'port'>;

/** PostgreSQL and Redis for development and tests: those that the environment names, else their own, stopped on dispose. */
export const startBackingServices = async (options: BackingServicesOptions): Promise<BackingServices> => {
  await using started = new AsyncDisposableStack();
  const postgres = started.use(await startPostgres(options));
  const redis = started.use(await startRedis(options));
  const running = started.move();
  return { databaseUrl: postgres.url, redisUrl: redis.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
