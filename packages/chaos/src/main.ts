import { runChaos } from './chaos.ts';

const EXIT_WITHIN_MS = 3000;

process.exitCode = await runChaos(process.argv.slice(2), (line) => void process.stdout.write(`${line}\n`));
// What a killed process left half-open must not keep us.
setTimeout(() => process.exit(), EXIT_WITHIN_MS).unref();
