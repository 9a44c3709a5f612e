import { runUntilStopped } from '@trunkline/backing-services';
import { runBench } from './bench.ts';

await runUntilStopped((print, signal) => runBench(process.argv.slice(2), process.env, print, signal));
