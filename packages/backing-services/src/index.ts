export type { BackingEnvironment, BackingServer, BackingServerOptions, Report } from './backing-server.ts';
export * from './backing-services.ts';
export * from './postgres/start-postgres.ts';
export * from './redis/start-redis.ts';
