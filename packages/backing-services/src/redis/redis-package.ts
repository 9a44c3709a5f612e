import type { Report } from '../backing-server.ts';
import { installPackage } from '../debian-package.ts';

const INSTALLED_PROGRAM = '/usr/bin/redis-server';

/** Installs Redis from the distribution and returns its program. Leaves no Redis running. */
export const installRedis = async (report: Report): Promise<string> => {
  report('There is no Redis here.');
  await installPackage(
    { name: 'redis-server', otherWays: 'Set REDIS_URL, start Docker, or put redis-server or valkey-server on PATH.' },
    report,
  );
  return INSTALLED_PROGRAM;
};
