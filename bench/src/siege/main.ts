import type { BackingEnvironment } from '@trunkline/backing-services';
import { runSiege } from './siege.ts';

process.exitCode = await runSiege(
  process.argv.slice(2),
  process.env as BackingEnvironment,
  (line) => void process.stdout.write(`${line}\n`),
);
