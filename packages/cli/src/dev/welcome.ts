import { relative } from 'node:path';
import type { Environment } from '../command.ts';
import { mintToken } from '../mint-token.ts';
import type { DevRun } from './dev-run.ts';
import type { PortClaim } from './ports.ts';

const USERS = [
  { userId: 'alice', name: 'Alice' },
  { userId: 'bob', name: 'Bob' },
];
const TTL_SECONDS = 86_400;

const url = ({ port }: PortClaim): string => `http://127.0.0.1:${port}`;

const tokenLines = async (env: Environment): Promise<string[]> => {
  if (env['JWT_JWKS_URL'] && !env['JWT_SECRET']) return ['Tokens are verified with JWT_JWKS_URL: bring your own.'];
  const tokens = await Promise.all(USERS.map((user) => mintToken({ ...user, ttlSeconds: TTL_SECONDS }, env)));
  return ['Two tokens, good for 24 hours:', ...USERS.map(({ userId }, index) => `  ${userId.padEnd(5)} ${tokens[index]}`)];
};

const pathFromHere = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
};

/** What a person needs to go on, in lines. */
export const welcomeLines = async ({ ports, env, backing, logs }: DevRun): Promise<string[]> => [
  '',
  'Trunkline is ready.',
  '',
  `  everything    ${url(ports.frontDoor)}   (front door: REST under /api and /v1, sockets under /socket.io/ and /ws/)`,
  `  console       ${url(ports.frontDoor)}/console/   (two phones to try, and what goes on)`,
  ...ports.callServices.map((claim) => `  call-service  ${url(claim)}`),
  ...ports.gateways.map((claim) => `  gateway       ${url(claim)}`),
  `  notifier      ${url(ports.notifier)}`,
  ...(ports.pushStandIn === null
    ? []
    : [`  push stand-in ${url(ports.pushStandIn)}   (takes what phones would get: npx pnpm@12 trunkline pushes)`]),
  `  PostgreSQL    ${withoutPassword(backing.databaseUrl)}`,
  `  Redis         ${withoutPassword(backing.redisUrl)}`,
  `  logs          ${pathFromHere(logs)}`,
  '',
  ...(await tokenLines(env)),
  '',
  'README.md, "See it ring", shows how to call with them. More tokens: npx pnpm@12 trunkline token <userId>. Ctrl-C stops all of it.',
];

const withoutPassword = (text: string): string => {
  const shown = URL.parse(text);
  if (shown === null) return text;
  if (shown.password !== '') shown.password = '***';
  return shown.href;
};
