import { DEV_SERVER_KEY } from '@trunkline/service-kit';
import { type Environment, UsageError } from './command.ts';

/** No header carries it. */
const BEYOND_LATIN_1 = /[^\t\x20-\x7e\x80-\xff]/;

/** The first key of SERVER_API_KEYS, else the development one, which production refuses. */
export const serverKey = (env: Environment): string => {
  const [first] = (env['SERVER_API_KEYS'] ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  if (first !== undefined && BEYOND_LATIN_1.test(first))
    throw new UsageError('SERVER_API_KEYS: its first key has characters that no request can carry');
  if (first !== undefined) return first;
  if (env['NODE_ENV'] === 'production') throw new UsageError('SERVER_API_KEYS is not set, and NODE_ENV is production');
  return DEV_SERVER_KEY;
};
