export { type CallService, startCallService } from './call-service.ts';
export { transitionDiagram } from './calls/transition-diagram.ts';
export { type CallServiceConfig, callServiceSettings, loadCallServiceConfig } from './config.ts';
export { migrate } from './database/migrate.ts';
export { openApiDocument } from './documents/openapi.ts';
export { CALL_SERVICE_METRICS } from './metrics/call-service-metrics.ts';
export { VERDICTS } from './traces/verdict.ts';
