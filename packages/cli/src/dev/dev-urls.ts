import type { Environment } from '../command.ts';
import { loadDevSettings } from './dev-settings.ts';
import { type PortClaim, planPorts } from './ports.ts';

const urlOf = ({ port }: PortClaim): string => `http://127.0.0.1:${port}`;

/**
 * Where the services of `pnpm dev` are, which reads the same environment.
 * @throws ConfigError naming every problem
 */
export const devUrls = (env: Environment) => {
  const { callServices, gateways, notifier } = planPorts(loadDevSettings(env), false);
  return { callServices: callServices.map(urlOf), gateways: gateways.map(urlOf), notifier: urlOf(notifier) };
};
