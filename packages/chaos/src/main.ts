import { runChaos } from './chaos.ts';

const exitCode = await runChaos(process.argv.slice(2), (line) => void process.stdout.write(`${line}\n`));
// Left to end by itself, Node may wait for ever, busily, for a request on a socket whose other end was killed (`CleanupHandles`).
process.exit(exitCode);
