import { runService } from '@trunkline/service-kit';
import { startCallService } from './call-service.ts';
import { loadCallServiceConfig } from './config.ts';

await runService({ argv: process.argv, loadConfig: () => loadCallServiceConfig(process.env), start: startCallService });
