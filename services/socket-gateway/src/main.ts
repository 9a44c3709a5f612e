import { runService } from '@trunkline/service-kit';
import { loadGatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';

await runService({
  argv: process.argv,
  loadConfig: () => loadGatewayConfig(process.env),
  start: startGateway,
});
