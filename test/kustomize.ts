import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** A Kubernetes object, as far as rendering needs to know it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: what each kind holds is for the schemas of Kubernetes to say
  [member: string]: any;
}

const Operation = z.strictObject({ op: z.enum(['add', 'replace', 'remove']), path: z.string(), value: z.unknown().optional() });
type Operation = z.infer<typeof Operation>;

/** The part of a kustomization that we use; another member fails here, so that nothing goes unrendered. */
const Kustomization = z.strictObject({
  apiVersion: z.enum(['kustomize.config.k8s.io/v1beta1', 'kustomize.config.k8s.io/v1alpha1']),
  kind: z.enum(['Kustomization', 'Component']),
  namespace: z.string().optional(),
  resources: z.array(z.string()),
  components: z.array(z.string()).default([]),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  patches: z
    .array(
      z.strictObject({
        target: z.strictObject({ kind: z.string(), name: z.string().optional(), labelSelector: z.string().optional() }),
        patch: z.string().transform((text) => z.array(Operation).parse(parse(text))),
      }),
    )
    .default([]),
});
type Kustomization = z.infer<typeof Kustomization>;

const CLUSTER_WIDE: ReadonlySet<string> = new Set(['Namespace']);

/** A JSON Patch (RFC 6902) on members of objects and lists that are there. */
const apply = (manifest: Manifest, { op, path, value }: Operation): void => {
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: see Manifest
  const parent = keys.reduce<any>((at, key) => at?.[key], manifest);
  if (parent === undefined || (op !== 'add' && !(last in parent))) throw new Error(`${manifest.metadata.name} has no ${path} to ${op}`);
  if (op === 'remove') delete parent[last];
  else parent[last] = value;
};

const isTarget = ({ kind, metadata }: Manifest, { target }: Kustomization['patches'][number]): boolean => {
  const [label, value] = target.labelSelector?.split('=') ?? [];
  const hasLabel = label === undefined || metadata.labels?.[label] === value;
  return kind === target.kind && (target.name === undefined || metadata.name === target.name) && hasLabel;
};

const rename = (manifest: Manifest, images: Kustomization['images']): void => {
  for (const container of manifest['spec']?.template?.spec?.containers ?? []) {
    const image = images.find(({ name }) => name === container.image);
    if (image !== undefined) container.image = `${image.newName}:${image.newTag}`;
  }
};

/** The objects of one file. */
export const documentsIn = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join('; ')}`);
    // Through JSON, so that what an anchor repeats is no longer one object.
    return JSON.parse(JSON.stringify(document.toJS())) as Manifest;
  });

const resourcesOf = (folder: string, { resources }: Kustomization): Manifest[] =>
  resources.flatMap((resource) => (resource.endsWith('.yaml') ? documentsIn(join(folder, resource)) : kustomize(join(folder, resource))));

const patchAll = (manifests: readonly Manifest[], { patches }: Kustomization): void => {
  for (const patch of patches) {
    const targets = manifests.filter((manifest) => isTarget(manifest, patch));
    if (targets.length === 0) throw new Error(`nothing is there that a patch is for: ${JSON.stringify(patch.target)}`);
    for (const target of targets) for (const operation of patch.patch) apply(target, operation);
  }
};

/** Renders a folder as `kubectl kustomize` does, for what of it we use. A component also changes what was rendered `before` it. */
export const kustomize = (folder: string, before: readonly Manifest[] = []): Manifest[] => {
  const kustomization = Kustomization.parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')));
  const { kind, components, images, namespace } = kustomization;
  if ((kind === 'Component') !== before.length > 0) throw new Error(`${folder} is a ${kind}, and not listed as one`);
  const all = [...before, ...resourcesOf(folder, kustomization)];
  const manifests = components.reduce((rendered, component) => kustomize(join(folder, component), rendered), all);
  patchAll(manifests, kustomization);
  for (const manifest of manifests) {
    rename(manifest, images);
    if (namespace !== undefined && !CLUSTER_WIDE.has(manifest.kind)) manifest.metadata.namespace = namespace;
  }
  return manifests;
};
