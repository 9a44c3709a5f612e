import { type BackingEnvironment, runUntilStopped } from '@trunkline/backing-services';
import { runSiege } from './siege.ts';

await runUntilStopped((print, signal) => runSiege(process.argv.slice(2), process.env as BackingEnvironment, print, signal));
