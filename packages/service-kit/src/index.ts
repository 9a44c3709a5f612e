export * from './access-token.ts';
export * from './config.ts';
export * from './health.ts';
export * from './http-server.ts';
export * from './logger.ts';
export * from './micro-batch.ts';
export * from './run-service.ts';
export * from './secrets.ts';
