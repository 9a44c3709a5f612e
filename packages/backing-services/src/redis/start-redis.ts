import { type BackingServer, type BackingServerOptions, externalServer } from '../backing-server.ts';
import { type ContainerPolicy, containerPolicy } from '../container-policy.ts';
import { startRedisContainer } from '../containers.ts';
import { canInstallPackages } from '../debian-package.ts';
import { dockerAnswers } from '../docker.ts';
import { commandOnce } from './redis-connection.ts';
import { installRedis } from './redis-package.ts';
import { startRedisProcess } from './redis-process.ts';
import { redisProgram } from './redis-program.ts';
import { redisVersionProblem } from './redis-version.ts';

/** A way to come by a Redis; null where it is not open. */
type Source = (options: BackingServerOptions) => Promise<BackingServer | null>;

const fromContainer: Source = async ({ env }) => ((await dockerAnswers(env)) ? startRedisContainer() : null);

const fromProgram: Source = async (options) => {
  const program = await redisProgram();
  return program === null ? null : startRedisProcess(program, options);
};

const fromPackage: Source = async (options) =>
  (await canInstallPackages()) ? startRedisProcess(await installRedis(options.report), options) : null;

const SOURCES: Readonly<Record<ContainerPolicy, readonly Source[]>> = {
  first: [fromContainer, fromProgram, fromPackage],
  only: [startRedisContainer],
  fallback: [fromProgram, fromContainer, fromPackage],
  never: [fromProgram, fromPackage],
};

const NO_REDIS = `There is no Redis, and no way to start one here. Any of these helps:
  - install Redis or Valkey, so that redis-server or valkey-server is on PATH
  - start Docker
  - set REDIS_URL to a Redis that runs`;

const externalRedis = async (url: string): Promise<BackingServer> => {
  await commandOnce(url, 'PING').catch((error: unknown) => {
    throw new Error(`REDIS_URL is set, and nothing answers there: ${error instanceof Error ? error.message || error.name : error}`, {
      cause: error,
    });
  });
  return externalServer(url);
};

const comeByRedis = async (options: BackingServerOptions): Promise<BackingServer> => {
  if (options.env.REDIS_URL) return externalRedis(options.env.REDIS_URL);
  for (const source of SOURCES[containerPolicy(options)]) {
    const redis = await source(options);
    if (redis !== null) return redis;
  }
  throw new Error(NO_REDIS);
};

/**
 * Redis: the one at REDIS_URL, else one of its own, from a program, a container or the distribution's package.
 * @throws where it is too old
 */
export const startRedis = async (options: BackingServerOptions): Promise<BackingServer> => {
  await using starting = new AsyncDisposableStack();
  const redis = starting.use(await comeByRedis(options));
  const problem = redisVersionProblem(String(await commandOnce(redis.url, 'INFO', 'server')));
  if (problem !== null) throw new Error(problem);
  starting.move();
  return redis;
};
