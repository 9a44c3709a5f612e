import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ROOT } from './repository-root.ts';

const BIOME = join(ROOT, 'node_modules/.bin/biome');

const Report = z.object({
  diagnostics: z.array(
    z.object({
      category: z.string(),
      message: z.string(),
      location: z.object({ path: z.string(), start: z.object({ line: z.number() }) }),
    }),
  ),
});

export interface Finding {
  path: string;
  /** From 1. */
  line: number;
  /** As in `lint/style/noProcessEnv`. */
  rule: string;
  text: string;
}

/** What Biome finds under this repository's own configuration in a tree that holds just these files. */
export const lintSources = (sources: Readonly<Record<string, string>>): Finding[] => {
  const tree = mkdtempSync(join(tmpdir(), 'trunkline-lint-'));
  try {
    for (const name of ['biome.json', '.gitignore']) copyFileSync(join(ROOT, name), join(tree, name));
    for (const [path, source] of Object.entries(sources)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), source);
    }
    const { stdout } = spawnSync(BIOME, ['lint', '--reporter=json', '--max-diagnostics=none', '.'], { cwd: tree, encoding: 'utf8' });
    return Report.parse(JSON.parse(stdout)).diagnostics.map(({ category, message, location }) => ({
      path: location.path,
      line: location.start.line,
      rule: category,
      text: message,
    }));
  } finally {
    rmSync(tree, { recursive: true });
  }
};
