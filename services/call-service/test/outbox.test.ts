import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { createReadUntaken } from '../src/outbox/untaken.ts';

it('what Redis lacks of calls and the database does not give is logged with their ids', async () => {
  await using database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', poolSize: 1, onError: () => undefined });
  const lines: string[] = [];
  const logger = createLogger('call-service', 'warn', { write: (line) => void lines.push(line) });
  const read = createReadUntaken({ database, publisher: { isConnected: () => false }, logger });
  expect(await read(['one', 'two', 'one'])).toEqual([]);
  expect(lines.map((line) => JSON.parse(line).callIds)).toEqual([['one', 'two']]);
});
