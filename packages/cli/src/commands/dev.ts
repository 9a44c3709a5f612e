import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { type DevRun, type DevRunOptions, startDevRun } from '../dev/dev-run.ts';
import { loadDevSettings } from '../dev/dev-settings.ts';
import { listenForStop } from '../dev/stop-requests.ts';
import { welcomeLines } from '../dev/welcome.ts';

const USAGE = `Usage: trunkline dev

Runs all of Trunkline on this machine: PostgreSQL, Redis, call-services, gateways, a notifier, a stand-in for
FCM, and a front door to all of them.
Ctrl-C stops all of it; a second Ctrl-C kills what is left.

Settings, by environment:
  DATABASE_URL, REDIS_URL            servers to use in place of our own
  DATA_DIR                           where data and logs are kept (.trunkline); two runs need two
  CALL_SERVICES, GATEWAYS            how many (1, 2)
  FRONT_DOOR_PORT                    4080
  CALL_SERVICE_PORT                  4000, further ones count down
  GATEWAY_PORT                       4001, further ones count up
  NOTIFIER_PORT                      4090
  PUSH_STAND_IN_PORT                 4070, unless FCM is set up (FIREBASE_SERVICE_ACCOUNT, …)

Everything else that the services read is passed on to them, but HOST: they listen on all addresses.`;

const EXIT_KILLED = 130;

/** Null when it was asked to stop before it had started. */
const startUnlessStopped = async (options: DevRunOptions): Promise<DevRun | null> => {
  try {
    return await startDevRun(options);
  } catch (error) {
    if (options.stop.aborted) return null;
    throw error;
  }
};

export const dev: Command = {
  name: 'dev',
  summary: 'run everything on this machine',
  usage: USAGE,
  run: async (args, { env, print }) => {
    parseArgs({ args: [...args] });
    const settings = loadDevSettings(env);
    using stopRequests = listenForStop(env, () => process.exit(EXIT_KILLED));
    const stop = stopRequests.signal;
    const run = await startUnlessStopped({ env, settings, report: print, stop });
    if (run !== null) {
      for (const line of await welcomeLines(run)) print(line);
      if (!stop.aborted) await once(stop, 'abort');
      print('Stopping …');
      await run[Symbol.asyncDispose]();
    }
    print('Stopped.');
    return 0;
  },
};
