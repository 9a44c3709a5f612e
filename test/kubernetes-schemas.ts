import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Manifest } from './kustomize.ts';

const run = promisify(execFile);

/** Where the objects of each API version are described. */
const MODULES: ReadonlyMap<string, string> = new Map([
  ['v1', 'kubernetes-models/v1'],
  ['apps/v1', 'kubernetes-models/apps/v1'],
  ['batch/v1', 'kubernetes-models/batch/v1'],
  ['autoscaling/v2', 'kubernetes-models/autoscaling/v2'],
  ['networking.k8s.io/v1', 'kubernetes-models/networking.k8s.io/v1'],
  ['policy/v1', 'kubernetes-models/policy/v1'],
  ['gateway.networking.k8s.io/v1', '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1'],
  ['monitoring.coreos.com/v1', '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'],
]);

const moduleOf = ({ apiVersion, kind }: Manifest): string => {
  const module = MODULES.get(apiVersion);
  if (module === undefined) throw new Error(`no schema is known of ${apiVersion} ${kind}`);
  return module;
};

/** What Kubernetes' own schema says against the object: a value of the wrong kind or form, a member that is missing. */
const complaintOf = async (manifest: Manifest): Promise<string[]> => {
  const models = (await import(moduleOf(manifest))) as Record<string, (new (given: Manifest) => { validate(): void }) | undefined>;
  const Model = models[manifest.kind];
  if (Model === undefined) return [`${manifest.apiVersion} has no ${manifest.kind}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`];
  }
};

const PACKAGES = ['kubernetes-models', '@kubernetes-models/gateway-api', '@kubernetes-models/prometheus-operator'];

const folderOf = (name: string): string => dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`)));

const TSCONFIG = {
  compilerOptions: {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: 'esnext',
    module: 'esnext',
    moduleResolution: 'bundler',
    types: [],
    paths: Object.fromEntries(PACKAGES.map((name) => [`${name}/*`, [`${folderOf(name)}/*`]])),
  },
  files: ['manifests.ts'],
};

/** What the compiler says against the objects written as literals: a member that its type does not know, at any depth. */
const unknownMembers = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-manifests-'));
  const lines = manifests.map(
    (manifest, index) =>
      `import type { I${manifest.kind} as T${index} } from '${moduleOf(manifest)}'; export const m${index}: T${index} = ${JSON.stringify(manifest)};`,
  );
  try {
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await writeFile(join(folder, 'manifests.ts'), lines.join('\n'));
    await run('tsc', ['--project', folder, '--pretty', 'false']);
    return [];
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    if (!stdout) throw error;
    return stdout.trim().split('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Everything that is wrong with the objects, by the schemas of Kubernetes and of the Prometheus operator. */
export const complaintsAbout = async (manifests: readonly Manifest[]): Promise<string[]> => [
  ...(await Promise.all(manifests.map(complaintOf))).flat(),
  ...(await unknownMembers(manifests)),
];
