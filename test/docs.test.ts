import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transitionDiagram, VERDICTS } from '@trunkline/call-service';
import { EndReason } from '@trunkline/contract';
import { DESCRIBED_SERVICES, GENERATED_PAGES } from '@trunkline/docs';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

it.each(Object.entries(GENERATED_PAGES))('docs/%s says what the code says (else: pnpm docs:generate)', (name, page) => {
  expect(readFileSync(join(ROOT, 'docs', name), 'utf8')).toBe(page());
});

it('ARCHITECTURE.md draws the table of transitions as it is', () => {
  expect(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')).toContain(`\`\`\`mermaid\n${transitionDiagram()}\n\`\`\``);
});

it('docs/operations.md says of every verdict, and of every reason with which a call ends, what it means', () => {
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const [, ...rows] = page.split('\n| ');
  const firstCells = rows.map((row) => row.split(' | ')[0]).join('\n');
  for (const word of [...Object.keys(VERDICTS), ...EndReason.options]) expect(firstCells).toMatch(new RegExp(`\\b${word}\\b`));
});

it('docs/configuration.md has the settings of every service', () => {
  expect([...DESCRIBED_SERVICES].sort()).toEqual(readdirSync(join(ROOT, 'services')).sort());
});
