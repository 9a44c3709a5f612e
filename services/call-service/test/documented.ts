import type { RestClient } from '@trunkline/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../src/documents/openapi.ts';
import { OPERATIONS } from '../src/documents/operations.ts';

const DOCUMENT = 'openapi.json';

const pattern = (path: string): RegExp => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`);

/** Longer words first, so that `/history` is not taken for a `:callId`. */
const PATTERNS = Object.keys(OPERATIONS)
  .map((route) => {
    const [method, path = ''] = route.split(' ');
    return { route, method, path, matches: pattern(path) };
  })
  .sort((a, b) => Number(a.path.includes(':')) - Number(b.path.includes(':')));

const pointer = (...keys: readonly string[]): string =>
  `${DOCUMENT}#/${keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;

interface Asked {
  route: string;
  /** Where the document speaks of it. */
  keys: string[];
}

const askedFor = (method: string, path: string): Asked => {
  const bare = path.split('?', 1)[0] ?? '';
  const found = PATTERNS.find((each) => each.method === method && each.matches.test(bare));
  if (found === undefined) throw new Error(`${method} ${bare} is not in OPERATIONS`);
  return { route: found.route, keys: ['paths', found.path.replace(/:(\w+)/g, '{$1}'), method.toLowerCase()] };
};

/** Holds what clients are answered against the document, in which no object has a field more than it says. */
export interface DocumentCheck {
  /** The same client; what it asks and is answered is checked, and noted. */
  follow(client: RestClient): RestClient;
  /** What did not fit. */
  readonly problems: string[];
  /** The operations that were answered with a status below 300. */
  readonly succeeded: ReadonlySet<string>;
}

export const createDocumentCheck = (): DocumentCheck => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(openApiDocument({ closed: true }), DOCUMENT);
  const problems: string[] = [];
  const succeeded = new Set<string>();

  const check = (where: string, keys: readonly string[], value: unknown): void => {
    const validate = ajv.getSchema(pointer(...keys, 'content', 'application/json', 'schema'));
    if (validate === undefined) problems.push(`${where} is not in the document`);
    else if (!validate(value)) problems.push(`${where}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
  };

  /** An answer, and where it was one that the operation promises, the request that got it. */
  const checkBoth = ({ route, keys }: Asked, status: number, asked: unknown, answered: unknown): void => {
    const where = `${route} → ${status}`;
    if (answered !== null) check(where, [...keys, 'responses', String(status)], answered);
    if (status >= 300) return;
    succeeded.add(route);
    if (typeof asked === 'object') check(`${where}, its request`, [...keys, 'requestBody'], asked);
  };

  const follow = (client: RestClient): RestClient => {
    const request: RestClient['request'] = async (method, path, body, headers) => {
      const answer = await client.request(method, path, body, headers);
      checkBoth(askedFor(method, path), answer.status, body, answer.body);
      return answer;
    };
    return {
      request,
      get: (path, headers) => request('GET', path, undefined, headers),
      post: (path, body, headers) => request('POST', path, body, headers),
    };
  };
  return { follow, problems, succeeded };
};
