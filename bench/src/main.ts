import { INTERRUPTED, runBench } from './bench.ts';

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

// Whoever read it may be gone; the servers are ended all the same.
process.stdout.on('error', () => undefined);

const interrupting = new AbortController();
for (const [signal, code] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    // Asked twice, it goes at once: servers that lose their parent end by themselves.
    if (interrupting.signal.aborted) process.exit(code);
    process.stdout.write('ending the servers\n');
    interrupting.abort(code);
  });
}

const code = await runBench(process.argv.slice(2), process.env, (line) => void process.stdout.write(`${line}\n`), interrupting.signal);
if (code === INTERRUPTED) process.exit(interrupting.signal.reason as number);
process.exitCode = code;
