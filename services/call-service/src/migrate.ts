import { ConfigError } from '@trunkline/service-kit';
import { loadCallServiceConfig } from './config.ts';
import { migrate } from './database/migrate.ts';

try {
  await migrate(loadCallServiceConfig(process.env).DATABASE_URL);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
