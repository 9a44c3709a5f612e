export type { BackingEnvironment, BackingServer, BackingServerOptions, Report } from './backing-server.ts';
export * from './backing-services.ts';
export * from './haproxy/haproxy-program.ts';
export { queryOnce } from './postgres/postgres-connection.ts';
export * from './postgres/start-postgres.ts';
export * from './prometheus/prometheus-programs.ts';
export { commandOnce } from './redis/redis-connection.ts';
export * from './redis/start-redis.ts';
