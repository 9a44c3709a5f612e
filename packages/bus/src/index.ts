export * from './bus.ts';
export * from './channels.ts';
export { HeldChannels } from './held-channels.ts';
export * from './presence-reader.ts';
export { tellAbsence } from './redis-absence.ts';
export { connectRedis, gatherTurn, isRefusal, leaveReplicas, type RedisConnection } from './redis-connection.ts';
export * from './redis-publisher.ts';
export * from './redis-subscriber.ts';
