import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GATEWAY_RUNTIME } from '@trunkline/service-kit';
import type { ChildSpec } from './child-process.ts';
import type { DevPush } from './dev-push.ts';
import { REPOSITORY } from './dev-settings.ts';
import type { PortClaim, PortPlan } from './ports.ts';
import type { ServiceSpec } from './service.ts';

/** What all processes of a run have in common. */
export interface Surroundings {
  env: Readonly<Record<string, string>>;
  push: Pick<DevPush, 'callServiceEnv' | 'notifierEnv'>;
  logs: string;
  report(line: string): void;
}

const scriptOf = (service: string, file: string): string => join(REPOSITORY, 'services', service, 'src', file);

const specOf = (
  service: string,
  { owner: name, port }: PortClaim,
  { env, logs, report }: Surroundings,
  more: () => Readonly<Record<string, string>>,
): ServiceSpec => ({
  name,
  port,
  script: scriptOf(service, 'main.ts'),
  env: () => ({ ...env, PORT: String(port), ...more() }),
  logFile: join(logs, `${name}.log`),
  complain: (text) => report(`${name}: ${text}`),
});

export const callServiceSpecs = ({ callServices }: PortPlan, surroundings: Surroundings): ServiceSpec[] =>
  callServices.map((claim) => specOf('call-service', claim, surroundings, () => surroundings.push.callServiceEnv));

/** The call-service's other program, which brings the database up to date and ends. */
export const migrationSpec = ({ env, logs }: Surroundings): ChildSpec => ({
  name: 'migrate',
  script: scriptOf('call-service', 'migrate.ts'),
  env,
  logFile: join(logs, 'migrate.log'),
  // Its last lines are told when it fails.
  complain: () => {},
});

export const edgeSpecs = ({ callServices, gateways, notifier }: PortPlan, surroundings: Surroundings): ServiceSpec[] => {
  const addresses = { CALL_SERVICE_URLS: callServices.map(({ port }) => `http://127.0.0.1:${port}`).join(',') };
  // A gateway's id names one run of it: a run that had its predecessor's would take over sessions that died with that.
  const gatewayId = (name: string) => ({ GATEWAY_ID: `${name}-${randomBytes(4).toString('hex')}` });
  return [
    ...gateways.map((claim) =>
      specOf('socket-gateway', claim, surroundings, () => ({
        ...addresses,
        ...gatewayId(claim.owner),
        ...GATEWAY_RUNTIME,
      })),
    ),
    specOf('notifier', notifier, surroundings, () => ({ ...addresses, ...surroundings.push.notifierEnv })),
  ];
};
