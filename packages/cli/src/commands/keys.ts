import { parseArgs } from 'node:util';
import { ServerKeyName } from '@trunkline/contract';
import { z } from 'zod';
import { askServer, CallServiceUrl, type ServerRequest } from '../ask-server.ts';
import { columns } from '../columns.ts';
import { type Command, UsageError } from '../command.ts';

const USAGE = `Usage: trunkline keys list [options]
       trunkline keys create <name> [options]
       trunkline keys revoke <name> [options]

Keys of the server API that need no restart. A new key is printed once, alone on standard output; nobody can print it again.
It asks call-service with the first key of SERVER_API_KEYS, or with the development key where that is not set.

Options:
  --url <url>  where call-service is (http://127.0.0.1 and the port that dev has: CALL_SERVICE_PORT, else 4000)`;

const PATH = '/v1/server/keys';

const Created = z.object({ name: z.string(), key: z.string() });

const time = z.string().nullable();
const Listed = z.object({
  items: z.array(z.object({ name: z.string(), source: z.string(), createdBy: time, createdAt: time, lastUsedAt: time, revokedAt: time })),
});

type Ask = (request: Pick<ServerRequest, 'path' | 'method' | 'body'>) => Promise<unknown>;

const ACTIONS: ReadonlyMap<string, { takesName: boolean; run(ask: Ask, name: string): Promise<string[]> }> = new Map([
  [
    'list',
    {
      takesName: false,
      run: async (ask) => {
        const { items } = Listed.parse(await ask({ path: PATH }));
        const rows = items.map(({ name, source, createdAt, createdBy, lastUsedAt, revokedAt }) =>
          [name, source, createdAt, createdBy, lastUsedAt, revokedAt].map((cell) => cell ?? '-'),
        );
        return columns([['name', 'source', 'created', 'by', 'last used', 'revoked'], ...rows]);
      },
    },
  ],
  ['create', { takesName: true, run: async (ask, name) => [Created.parse(await ask({ path: PATH, method: 'POST', body: { name } })).key] }],
  [
    'revoke',
    {
      takesName: true,
      run: async (ask, name) => {
        await ask({ path: `${PATH}/${encodeURIComponent(name)}`, method: 'DELETE' });
        return [`${name} is revoked.`];
      },
    },
  ],
]);

export const keys: Command = {
  name: 'keys',
  summary: 'make, list and revoke keys of the server API',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const { values, positionals } = parseArgs({ args: [...args], options: { url: { type: 'string' } }, allowPositionals: true });
    const [verb = '', name = '', ...rest] = positionals;
    const action = ACTIONS.get(verb);
    if (action === undefined) throw new UsageError('Say list, create or revoke.');
    if (rest.length > 0 || action.takesName !== (name !== ''))
      throw new UsageError(action.takesName ? 'Give one name.' : `${verb} takes no name.`);
    const named = ServerKeyName.safeParse(name);
    if (action.takesName && !named.success) throw new UsageError(`name: ${named.error.issues[0]?.message}`);
    const url = CallServiceUrl.safeParse(values.url);
    if (!url.success) throw new UsageError(`--url: ${url.error.issues[0]?.message}`);
    for (const line of await action.run((request) => askServer({ ...request, url: url.data, env }), name)) print(line);
    return 0;
  },
};
