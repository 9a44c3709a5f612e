import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const SOURCES = join(ROOT, 'packages/client/src');

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** What is left to import when the types are gone, as it is in an app's bundle. */
const importsOf = (file: string): string[] => {
  const code = stripTypeScriptTypes(readFileSync(join(SOURCES, file), 'utf8'));
  return [...code.matchAll(/^\s*(?:import|export)\b[^;]*?from\s*'([^']+)'/gm)].map(([, specifier]) => specifier as string);
};

it('an app that takes the client along takes socket.io-client, and nothing else', () => {
  const imported = files.flatMap(importsOf).filter((specifier) => !specifier.startsWith('.'));
  expect([...new Set(imported)]).toEqual(['socket.io-client']);
  expect(importsOf('index.ts')).toContain('./client.ts');
});
