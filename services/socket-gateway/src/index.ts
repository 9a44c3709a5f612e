export { type GatewayConfig, gatewaySettings, loadGatewayConfig } from './config.ts';
export type { SocketLanguage } from './documents/socket-language.ts';
export { SOCKETS } from './documents/sockets.ts';
export { type RunningGateway, startGateway } from './gateway.ts';
export { GATEWAY_METRICS } from './gateway-metrics.ts';
