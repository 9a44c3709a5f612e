import { loadCallServiceConfig } from './config.ts';
import { migrate } from './database/migrate.ts';

await migrate(loadCallServiceConfig(process.env).DATABASE_URL);
