import { runBench } from './bench.ts';

process.exitCode = await runBench(process.argv.slice(2), process.env, (line) => void process.stdout.write(`${line}\n`));
