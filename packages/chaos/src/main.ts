import { runChaos } from './chaos.ts';

process.exitCode = await runChaos(process.argv.slice(2), (line) => void process.stdout.write(`${line}\n`));
