import type { StartedTestContainer } from 'testcontainers';
import type { BackingServer } from './backing-server.ts';
import { DATABASE, postgresSettings, SUPERUSER } from './postgres/postgres-settings.ts';
import { REDIS_SETTINGS } from './redis/redis-settings.ts';

const POSTGRES_IMAGE = 'postgres:18-alpine';
const REDIS_IMAGE = 'redis:7-alpine';

/** Imported late: it is large, and most runs do without it. */
const loadTestcontainers = () => import('testcontainers');

const servedBy = (container: StartedTestContainer, url: string): BackingServer => ({
  url,
  pid: null,
  [Symbol.asyncDispose]: async () => void (await container.stop()),
});

export const startPostgresContainer = async ({ durable }: { durable: boolean }): Promise<BackingServer> => {
  const { GenericContainer, Wait } = await loadTestcontainers();
  const container = await new GenericContainer(POSTGRES_IMAGE)
    .withEnvironment({ POSTGRES_USER: SUPERUSER, POSTGRES_DB: DATABASE, POSTGRES_HOST_AUTH_METHOD: 'trust' })
    .withCommand(['postgres', ...postgresSettings({ durable })])
    .withExposedPorts(5432)
    // The image's own set-up starts the server once before the one that stays.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  return servedBy(container, `postgres://${SUPERUSER}@${container.getHost()}:${container.getMappedPort(5432)}/${DATABASE}`);
};

export const startRedisContainer = async (): Promise<BackingServer> => {
  const { GenericContainer, Wait } = await loadTestcontainers();
  const container = await new GenericContainer(REDIS_IMAGE)
    .withCommand(['redis-server', ...REDIS_SETTINGS])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  return servedBy(container, `redis://${container.getHost()}:${container.getMappedPort(6379)}`);
};
