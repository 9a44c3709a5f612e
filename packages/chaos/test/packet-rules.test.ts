import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { inOwnNetwork, whyNoNamespace } from '../src/system/namespace.ts';

const TRIAL = fileURLToPath(new URL('./packet-rules-trial.ts', import.meta.url));
const obstacle = await whyNoNamespace();

it.runIf(obstacle === null)(
  `rules of a network of our own stop the traffic that they name${obstacle === null ? '' : ` (${obstacle})`}`,
  {
    timeout: 60_000,
  },
  async () => {
    const { program, args } = inOwnNetwork([process.execPath, TRIAL]);
    const { stdout } = await promisify(execFile)(program, args);
    expect(JSON.parse(stdout)).toEqual({
      'another port': { old: 'word', fresh: 'word', afterwards: '', wasMet: false },
      // What was lost is sent again, until it arrives.
      'lost on the way there': { old: 'nothing', fresh: 'nothing', afterwards: 'word', wasMet: true },
      'lost on the way back': { old: 'nothing', fresh: 'nothing', afterwards: 'word', wasMet: true },
      rejected: { old: 'ECONNRESET', fresh: 'ECONNREFUSED', afterwards: '', wasMet: true },
    });
  },
);
