import { randomBytes } from 'node:crypto';
import { GatewayId } from '@trunkline/contract';
import {
  commonSettings,
  httpUrls,
  integer,
  list,
  loadConfig,
  port,
  refuseDevelopmentSecrets,
  requireOneTokenSource,
  tokenSettings,
} from '@trunkline/service-kit';
import { z } from 'zod';

const randomGatewayId = (): string => `gateway-${randomBytes(8).toString('hex')}`;

export const gatewaySettings = {
  ...commonSettings,
  ...tokenSettings,
  PORT: port().default(4001).describe('Where the service listens'),
  HOST: z.string().optional().describe('The address to listen on; all of them where unset'),
  GATEWAY_ID: z
    .string()
    .default(randomGatewayId)
    .pipe(GatewayId)
    .describe('Names one run of a gateway. It must be new at every start, else the sessions that died with the last run count as alive'),
  CALL_SERVICE_URLS: httpUrls().describe('Where call-services are, separated by commas; when one fails, the next is asked'),
  LIMIT_COMMANDS_PER_SECOND: integer(1, 100_000)
    .default(200)
    .describe('How many events one connection may send a second; past a tenth of it they are counted, ten times as many close it'),
  LIMIT_CONNECTS_PER_MINUTE: integer(0, 100_000)
    .default(300)
    .describe(
      'How often one user may connect to one gateway in a minute, a third of it at once; 0: no limit. Who comes more often, or was closed for abuse three times, is asked to come back later',
    ),
  LIMIT_HANDSHAKES: integer(0, 100_000)
    .default(2000)
    .describe(
      'How many connections may be open without having signed in; 0: no limit. Past it, or past a quarter of it by long polling, the oldest is given up for each that comes',
    ),
  LIMIT_HANDSHAKES_PER_ADDRESS: integer(0, 100_000)
    .default(500)
    .describe('The same for those of one address. Behind a proxy, see `TRUSTED_PROXIES`'),
  LIMIT_QUEUED_MEGABYTES: integer(1, 65_536)
    .default(32)
    .describe(
      'How much may wait for all clients of a gateway together; past it, those for whom most waits are closed. One client may leave 1 MiB',
    ),
  TRUSTED_PROXIES: integer(0, 10)
    .default(0)
    .describe('How many proxies in front of the gateway add the address that they see to `X-Forwarded-For`; 0: the header is not read'),
  SOCKET_IO_TRANSPORTS: list()
    .default(['polling', 'websocket'])
    .pipe(z.array(z.enum(['polling', 'websocket'])).min(1))
    .describe(
      'How Socket.IO clients may connect. `websocket` alone where a load balancer cannot keep a long-polling session at its gateway',
    ),
  DRAIN_SECONDS: integer(0, 15)
    .default(12)
    .describe(
      'How long a gateway that is told to stop takes to send its clients away, a slice at a time: a quarter of it waits for load balancers to see that it is not ready. The process has 25 seconds in all',
    ),
  GATEWAY_LEASE_SECONDS: integer(3, 300).default(15).describe('How long a gateway that was not heard counts as alive'),
};

const Settings = z.object(gatewaySettings);

export type GatewayConfig = Readonly<z.infer<typeof Settings>>;

/** @throws ConfigError naming every problem */
export const loadGatewayConfig = (env: Readonly<Record<string, string | undefined>>): GatewayConfig =>
  loadConfig(Settings, env, [requireOneTokenSource, refuseDevelopmentSecrets]);
