import { runUntilStopped } from '@trunkline/backing-services';
import { runChaos } from './chaos.ts';

await runUntilStopped((print, signal) => runChaos(process.argv.slice(2), print, signal));
