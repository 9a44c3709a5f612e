import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transitionDiagram } from '@trunkline/call-service';
import { DESCRIBED_SERVICES, GENERATED_PAGES } from '@trunkline/docs';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

it.each(Object.entries(GENERATED_PAGES))('docs/%s says what the code says (else: pnpm docs:generate)', (name, page) => {
  expect(readFileSync(join(ROOT, 'docs', name), 'utf8')).toBe(page());
});

it('ARCHITECTURE.md draws the table of transitions as it is', () => {
  expect(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')).toContain(`\`\`\`mermaid\n${transitionDiagram()}\n\`\`\``);
});

it('docs/configuration.md has the settings of every service', () => {
  expect([...DESCRIBED_SERVICES].sort()).toEqual(readdirSync(join(ROOT, 'services')).sort());
});
