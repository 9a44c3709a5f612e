import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ROOT } from './repository-root.ts';

const Purl = z.string().regex(/^pkg:npm\/[^@]+(?:%40[^@]*)?@\d[^@]*$/);

const Hash = z.object({ alg: z.literal('SHA-512'), content: z.string().regex(/^[0-9a-f]{128}$/) });
const Distribution = z.looseObject({ type: z.literal('distribution'), url: z.url(), hashes: z.array(Hash).min(1) });

/** What we need of CycloneDX 1.5 to 1.7 (ECMA-424). Packages of ours are not downloaded, and have no hash. */
const Component = z
  .looseObject({
    type: z.literal('library'),
    group: z.string().optional(),
    name: z.string().min(1),
    version: z.string().min(1),
    purl: Purl,
    'bom-ref': z.string(),
    externalReferences: z.array(z.unknown()).default([]),
  })
  .refine(
    ({ group, externalReferences }) => group === '@trunkline' || externalReferences.some((one) => Distribution.safeParse(one).success),
  );

const Bom = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.enum(['1.5', '1.6', '1.7']),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  version: z.int().positive(),
  metadata: z.looseObject({
    timestamp: z.iso.datetime(),
    component: z.looseObject({ type: z.literal('application'), name: z.literal('trunkline') }),
  }),
  components: z.array(Component).min(1),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});

/** The command of SECURITY.md, with its output elsewhere. */
const makeBom = async (): Promise<unknown> => {
  const [command = ''] = /npx pnpm@12 sbom [^`]*/.exec(readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-sbom-'));
  try {
    const file = join(folder, 'sbom.json');
    const words = command
      .split(' ')
      .slice(1)
      .map((word) => (word === 'sbom.json' ? file : word));
    await promisify(execFile)('npx', ['--yes', ...words], { cwd: ROOT });
    return JSON.parse(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true });
  }
};

interface Manifest {
  dependencies?: Record<string, string>;
}

it('every package that runs in production is in the list, with its hash', { timeout: 120_000 }, async () => {
  const bom = Bom.parse(await makeBom());
  const known = new Set(bom.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)));
  const refs = new Set([...bom.components.map((component) => component['bom-ref']), 'pkg:npm/trunkline@0.1.0']);
  for (const { ref, dependsOn = [] } of bom.dependencies) for (const one of [ref, ...dependsOn]) expect(refs).toContain(one);
  const manifests = globSync('{services,packages/{contract,bus,service-kit}}/**/package.json', {
    cwd: ROOT,
    exclude: (name) => name === 'node_modules',
  });
  expect(manifests.length).toBeGreaterThan(5);
  for (const file of manifests) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Manifest;
    for (const [name, version] of Object.entries(dependencies)) {
      if (!version.startsWith('workspace:')) expect(known, file).toContain(name);
    }
  }
});
