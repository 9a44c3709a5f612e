import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const PAGE = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** A test file, and behind it the name of a test in it, where one is named. */
const NAMED = [...PAGE.matchAll(/`([\w./-]+\.test\.ts)`(?: "([^"]+)")?/g)].map(([, file = '', name]) => [file, name ?? null] as const);

/** How a name looks in a source: quotes within it are escaped. */
const isIn = (source: string, name: string): boolean => [name, name.replaceAll("'", "\\'")].some((spelling) => source.includes(spelling));

it.each(NAMED)('docs/security.md names %s and a test in it: %s', (file, name) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  if (name !== null) expect(isIn(readFileSync(join(ROOT, file), 'utf8'), name)).toBe(true);
});

it('every requirement is shown by a test, or is the deployment’s', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:requirement|advice|promise) /.test(line));
  expect(rows.length).toBeGreaterThan(25);
  for (const row of rows) expect(row).toMatch(/\.test\.ts`|\| deployment \|$/);
});
