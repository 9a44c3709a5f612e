import { createServer } from 'node:http';
import { startServer } from './server.ts';

const { PORT, HOST, DATABASE_URL, REDIS_URL, REDIS_PREFIX, JWT_SECRET } = process.env;
if (!PORT || !HOST || !DATABASE_URL || !REDIS_URL || !REDIS_PREFIX || !JWT_SECRET) throw new Error('a setting is missing');

const http = createServer((_request, response) => response.writeHead(200).end('ok'));
const server = startServer({ http, databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, prefix: REDIS_PREFIX, jwtSecret: JWT_SECRET });
http.listen(Number(PORT), HOST);

const stop = async (): Promise<void> => {
  await server[Symbol.asyncDispose]();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('disconnect', () => void stop());
