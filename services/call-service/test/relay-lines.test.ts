import { createLogger } from '@trunkline/service-kit';
import { backingUrls, createTestDatabase, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { startRelay } from '../src/outbox/relay.ts';
import { refuseDeletions } from './refuse-deletions.ts';

it('published events that stay in the outbox are one line of the log, with the ids of their calls', async () => {
  await using test = await createTestDatabase(backingUrls().templateDatabaseUrl);
  await refuseDeletions(test, 'outbox');
  await using database = openDatabase({ url: test.url, poolSize: 1, onError: () => undefined });
  const lines: string[] = [];
  await using relay = startRelay({
    database,
    publisher: {
      publish: async (publications) => publications.map(() => 1),
      notify: async () => undefined,
      isConnected: () => true,
      [Symbol.asyncDispose]: async () => undefined,
    },
    logger: createLogger('call-service', 'warn', { write: (line) => void lines.push(line) }),
    onNobodyHeard: () => undefined,
    onPublished: () => undefined,
  });
  const callIds = ['one', 'two', 'three'];
  relay.publish(callIds.map((stream) => ({ stream, seq: 1, recipients: ['ann'], event: '{}' })));
  await until('it is said', () => lines.length > 0);
  await relay.idle();
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { callIds, msg: 'published events could not be deleted; they will be published again', err: { message: 'not now' } },
  ]);
});
