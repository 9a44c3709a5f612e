import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openApiDocument } from '@trunkline/call-service';
import { INTERNAL_PATHS } from '@trunkline/contract';
import { METRICS } from '@trunkline/docs';
import { GATEWAY_RUNTIME } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { complaintsAbout } from './kubernetes-schemas.ts';
import { documentsIn, kustomize, type Manifest } from './kustomize.ts';
import { ROOT } from './repository-root.ts';

const run = promisify(execFile);

const FOLDER = join(ROOT, 'deploy/kubernetes');
const OVERLAYS = ['base', 'production', 'examples/traced'] as const;
const SERVICES = ['call-service', 'socket-gateway', 'notifier'];
const STOP_DEADLINE_SECONDS = 25;

const production = kustomize(join(FOLDER, 'production'));
const ofKind = (kind: string): Manifest[] => production.filter((manifest) => manifest.kind === kind);
const named = (kind: string, name: string): Manifest => {
  const found = ofKind(kind).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const workloads = [...ofKind('Deployment'), ...ofKind('Job')];
const containerOf = (manifest: Manifest) => manifest['spec'].template.spec.containers[0];

const kubectl = await run('kubectl', ['version', '--client']).then(
  () => true,
  () => false,
);

describe.each(OVERLAYS)('the manifests of %s', (overlay) => {
  const manifests = kustomize(join(FOLDER, overlay));

  it('are what Kubernetes’ schemas say, to the last member', async () => {
    expect(await complaintsAbout(manifests)).toEqual([]);
  });

  it('name no two objects alike', () => {
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it.runIf(kubectl)('are rendered by kubectl as by this test', async () => {
    const { stdout } = await run('kubectl', ['kustomize', join(FOLDER, overlay)]);
    const byName = (a: Manifest, b: Manifest): number => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`);
    const rendered = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
    expect(rendered.sort(byName)).toEqual([...manifests].sort(byName));
  });
});

it('the example for the Gateway API is what its schemas say', async () => {
  expect(await complaintsAbout(documentsIn(join(FOLDER, 'examples/gateway-api.yaml')))).toEqual([]);
});

describe('the schemas', () => {
  const broken = (change: (deployment: Manifest) => void): Manifest => {
    const deployment = structuredClone(named('Deployment', 'socket-gateway'));
    change(deployment);
    return deployment;
  };

  it.each([
    ['a member that there is not', (it: Manifest) => Object.assign(it['spec'].template.spec, { terminationGracePeriod: 40 })],
    ['one deep in a container', (it: Manifest) => Object.assign(containerOf(it).securityContext, { readOnlyRootFs: true })],
    ['a missing member', (it: Manifest) => delete it['spec'].selector],
    ['a number that is text', (it: Manifest) => Object.assign(it['spec'].template.spec, { terminationGracePeriodSeconds: '40' })],
    ['a quantity that is none', (it: Manifest) => Object.assign(containerOf(it).resources.limits, { memory: 'plenty' })],
    ['a kind that there is not', (it: Manifest) => Object.assign(it, { kind: 'Deploiment' })],
  ])('refuse %s', async (_what, change) => {
    expect(await complaintsAbout([broken(change)])).not.toEqual([]);
  });
});

describe.each(workloads.map((workload) => [workload.metadata.name, workload] as const))('%s', (name, workload) => {
  const pod = workload['spec'].template.spec;
  const container = containerOf(workload);

  it('runs as nobody, writes to no disk, and may do nothing more than that', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  it('is given its settings by reference, asks for what it needs, and has a version of an image', () => {
    const runtime = Object.entries(GATEWAY_RUNTIME).map(([setting, value]) => ({ name: setting, value }));
    const expected = name === 'socket-gateway' ? runtime : undefined;
    expect(container.env).toEqual(expected);
    const secrets = container.envFrom.flatMap((from: { secretRef?: { name: string } }) => from.secretRef?.name ?? []);
    expect(secrets).toContain('trunkline');
    expect(secrets.includes('trunkline-call-service')).toBe(name === 'call-service' || name === 'trunkline-migration');
    expect(container.resources).toMatchObject({ requests: { cpu: expect.any(String), memory: expect.any(String) } });
    expect(container.image).toMatch(/:\d+\.\d+\.\d+$/);
  });
});

describe.each(SERVICES)('%s', (name) => {
  const pod = named('Deployment', name)['spec'].template.spec;
  const settings = named('ConfigMap', 'trunkline')['data'];

  it('has the time to leave that leaving takes', () => {
    const sleep = Number(pod.containers[0].lifecycle.preStop.exec.command[1]);
    expect(sleep).toBeGreaterThan(0);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(sleep + STOP_DEADLINE_SECONDS);
    expect(Number(settings.DRAIN_SECONDS) + 10).toBeLessThan(STOP_DEADLINE_SECONDS);
  });

  it('is looked at for its life and its readiness, apart, and is spread, scaled and kept from being evicted whole', () => {
    const [{ livenessProbe, readinessProbe, startupProbe }] = pod.containers;
    expect([livenessProbe, startupProbe, readinessProbe].map((probe) => probe.httpGet.path)).toEqual(['/livez', '/livez', '/readyz']);
    expect(pod.topologySpreadConstraints).toHaveLength(2);
    expect(named('PodDisruptionBudget', name)['spec'].selector).toEqual(named('Deployment', name)['spec'].selector);
    expect(named('HorizontalPodAutoscaler', name)['spec']).toMatchObject({ scaleTargetRef: { name }, minReplicas: expect.any(Number) });
    expect(named('Deployment', name)['spec'].replicas).toBeUndefined();
  });
});

describe('docs/kubernetes.md', () => {
  const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');

  it('waits for a migration as long as its Job has', () => {
    const [, minutes] = /wait --for=condition=complete --timeout=(\d+)m/.exec(page) ?? [];
    expect(Number(minutes) * 60).toBe(named('Job', 'trunkline-migration')['spec'].activeDeadlineSeconds);
  });

  it('has the ingress without the server API lead to all that clients ask for', () => {
    const paths = [...page.matchAll(/^ +- \{ path: (\/v1\/\S+), pathType: Prefix, backend: \*calls \}$/gm)].map(
      ([, path]) => path as string,
    );
    const isLed = (path: string): boolean => paths.some((prefix) => `${path}/`.startsWith(prefix.replace(/\/?$/, '/')));
    const routes = Object.keys(openApiDocument().paths).filter((path) => path.startsWith('/v1/'));
    expect(routes.filter((path) => !isLed(path) && !path.startsWith('/v1/server/'))).toEqual([]);
    expect(routes.filter((path) => isLed(path) && path.startsWith('/v1/server/'))).toEqual([]);
  });
});

it('there is no Secret in the tree, and no value that looks like one', () => {
  expect(ofKind('Secret')).toEqual([]);
  expect(
    Object.keys(named('ConfigMap', 'trunkline')['data']).filter((name) => /SECRET|TOKEN|KEY|DATABASE_URL|REDIS_URL/.test(name)),
  ).toEqual([]);
});

it('every setting in the tree is one that there is', () => {
  const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  const unknown = Object.keys(named('ConfigMap', 'trunkline')['data']).filter((name) => !page.includes(`| \`${name}\` |`));
  expect(unknown).toEqual([]);
});

it('the alerts are those of Prometheus', () => {
  expect(named('PrometheusRule', 'trunkline')['spec']).toEqual(
    parse(readFileSync(join(ROOT, 'deploy/prometheus/alerts.yml'), 'utf8')) as unknown,
  );
});

it('what the autoscalers ask for is made from metrics that there are', () => {
  const text = readFileSync(join(FOLDER, 'prometheus-adapter.yaml'), 'utf8');
  const known = new Set(Object.values(METRICS).flatMap((table) => Object.values(table).map(({ name }) => name as string)));
  const { rules } = parse(text) as { rules: Record<'custom' | 'external', { seriesQuery: string; name?: { as: string } }[]> };
  const made = [...rules.custom, ...rules.external].map(({ seriesQuery, name }) => {
    const series = seriesQuery.split('{')[0] ?? '';
    expect(known).toContain(series);
    return name?.as ?? series;
  });
  const asked = ofKind('HorizontalPodAutoscaler').flatMap(({ spec }) =>
    spec.metrics.flatMap((metric: { pods?: { metric: { name: string } }; external?: { metric: { name: string } } }) =>
      [metric.pods, metric.external].flatMap((one) => one?.metric.name ?? []),
    ),
  );
  expect(asked.sort()).toEqual(made.sort());
});

describe('the network', () => {
  const allowed = ofKind('NetworkPolicy').flatMap(({ spec }) => spec.ingress ?? []);

  it('is closed, but for what is said', () => {
    const deny = named('NetworkPolicy', 'trunkline-default-deny')['spec'];
    expect(deny).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'trunkline' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    for (const workload of workloads) expect(workload['spec'].template.metadata.labels['app.kubernetes.io/part-of']).toBe('trunkline');
    for (const rule of allowed) expect(rule.from).not.toEqual([]);
  });

  it('lets nobody but call-service and its migration reach PostgreSQL', () => {
    const policies = ofKind('NetworkPolicy').filter(({ spec }) => JSON.stringify(spec.egress ?? []).includes('"port":5432'));
    expect(policies.map(({ spec }) => spec.podSelector.matchExpressions[0].values)).toEqual([['call-service', 'trunkline-migration']]);
  });

  it('lets every service reach the collector that traces are sent to, where they are, and nobody there otherwise', () => {
    const traced = kustomize(join(FOLDER, 'examples/traced'));
    const settings = traced.find(({ kind }) => kind === 'ConfigMap')?.['data'];
    const { hostname, port } = new URL(settings.OTEL_EXPORTER_OTLP_ENDPOINT);
    const ways = (manifests: readonly Manifest[]) =>
      manifests
        .filter(({ kind, spec }) => kind === 'NetworkPolicy' && JSON.stringify(spec.egress ?? []).includes(`"port":${port}`))
        .map(({ metadata, spec }) => ({
          namespace: metadata.namespace,
          from: spec.podSelector.matchExpressions[0].values.toSorted(),
          to: spec.egress[0].to[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name'],
        }));
    expect(ways(traced)).toEqual([{ namespace: 'trunkline', from: SERVICES.toSorted(), to: hostname.split('.')[1] }]);
    expect(ways(production)).toEqual([]);
    const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    expect(Object.keys(settings).filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });
});

interface Way {
  isExact: boolean;
  value: string;
  service: string;
}

const ingressWays = (): Way[] =>
  named('Ingress', 'trunkline')['spec'].rules.flatMap((rule: Manifest) =>
    rule['http'].paths.map(({ path, pathType, backend }: { path: string; pathType: string; backend: Manifest }) => ({
      isExact: pathType === 'Exact',
      value: path,
      service: backend['service'].name,
    })),
  );

const gatewayApiWays = (): Way[] =>
  documentsIn(join(FOLDER, 'examples/gateway-api.yaml'))
    .filter(({ kind }) => kind === 'HTTPRoute')
    .flatMap(({ spec }) => spec.rules)
    .flatMap(({ matches, backendRefs }) =>
      matches.map(({ path }: { path: { type: string; value: string } }) => ({
        isExact: path.type === 'Exact',
        value: path.value,
        service: backendRefs[0].name,
      })),
    );

/** As Kubernetes says of `Exact` and, element by element, of `Prefix`. */
const serviceFor = (ways: readonly Way[], path: string): string | undefined => {
  const inElements = (text: string): string => `${text.replace(/\/$/, '')}/`;
  return ways.find(({ isExact, value }) => (isExact ? path === value : inElements(path).startsWith(inElements(value))))?.service;
};

describe.each([
  ['the ingress', ingressWays],
  ['the route of the Gateway API', gatewayApiWays],
])('%s', (_name, ways) => {
  it.each([
    ['/socket.io/', 'socket-gateway'],
    ['/ws/chat', 'socket-gateway'],
    ['/ws/otomo', 'socket-gateway'],
    ['/api/v1/calls/initiate', 'call-service'],
    ['/v1/server/calls/1/trace', 'call-service'],
    ['/docs', 'call-service'],
    ['/docs/swagger-ui.css', 'call-service'],
    ['/openapi.json', 'call-service'],
    ['/asyncapi.json', 'call-service'],
    ...[...Object.values(INTERNAL_PATHS), '/internal', '/metrics', '/livez', '/readyz', '/console', '/'].map((path) => [path, undefined]),
  ])('leads %s to %s', (path, service) => {
    expect(serviceFor(ways(), path as string)).toBe(service);
  });
});

it('the ingress takes TLS alone, is sticky to nobody, and may reach what it leads to', () => {
  const { spec, metadata } = named('Ingress', 'trunkline');
  const [rule] = spec.rules;
  const [{ from }] = named('NetworkPolicy', 'from-ingress')['spec'].ingress;
  expect(from[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name']).toContain(spec.ingressClassName);
  expect(metadata.annotations?.['haproxy.org/response-set-header']).toContain('Strict-Transport-Security');
  expect(spec.tls).toEqual([{ hosts: [rule.host], secretName: 'trunkline-tls' }]);
  expect(Object.keys(metadata.annotations ?? {}).filter((name) => /affinity|cookie|persistence|hash/.test(name))).toEqual([]);
});
