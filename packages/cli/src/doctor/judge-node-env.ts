import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';

const KNOWN: ReadonlySet<string> = new Set(['', 'development', 'test', 'production']);

/** Services take any `NODE_ENV`, and every one but `production` for development. */
export const judgeNodeEnv = ({ NODE_ENV = '' }: Environment): Finding[] =>
  KNOWN.has(NODE_ENV)
    ? []
    : [
        {
          level: 'note',
          about: 'NODE_ENV',
          says: `NODE_ENV is ${JSON.stringify(NODE_ENV)}, which counts as development: only "production" refuses the secrets of development`,
          advice: 'Where people are served, set it to production.',
        },
      ];
