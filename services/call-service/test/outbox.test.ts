import type { Publisher } from '@trunkline/bus';
import { createLogger } from '@trunkline/service-kit';
import { backingUrls, createTestDatabase, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { inSequence, type OutboxRow, putInOutbox } from '../src/outbox/outbox.ts';
import { startRelay } from '../src/outbox/relay.ts';
import { createReadUntaken } from '../src/outbox/untaken.ts';

const openOutbox = async () => {
  await using opening = new AsyncDisposableStack();
  const { url } = opening.use(await createTestDatabase(backingUrls().templateDatabaseUrl));
  const database = opening.use(openDatabase({ url, poolSize: 4, onError: () => undefined }));
  const opened = opening.move();
  return {
    database,
    left: async (): Promise<string[]> =>
      (await database.query<{ event: string }>({ name: 'left', text: 'SELECT event FROM outbox ORDER BY event' }, [])).map(
        ({ event }) => event,
      ),
    leaveBehind: (stream: string) =>
      database.query(
        {
          name: 'leave_behind',
          text: `INSERT INTO outbox (call_id, seq, recipients, event, created_at) VALUES ($1, 1, '{ann}', $1 || 1, now() - interval '1 minute')`,
        },
        [stream],
      ),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

/** A relay before a Redis that answers as the test says; `sent` is what it was given, and for whom. */
const relayOn = (
  { database }: Pick<Awaited<ReturnType<typeof openOutbox>>, 'database'>,
  isConnected: boolean,
  takes: (sent: string) => Promise<boolean> | boolean,
) => {
  const sent: string[] = [];
  const publisher: Publisher = {
    publish: (publications) => {
      const given = publications.map(({ text, userId }) => `${text} ${userId}`);
      sent.push(...given);
      return Promise.all(given.map(async (each) => ((await takes(each)) ? 1 : null)));
    },
    notify: async () => undefined,
    isConnected: () => isConnected,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const logger = createLogger('call-service', 'silent');
  const relay = startRelay({ database, publisher, logger, onNobodyHeard: () => undefined, onPublished: () => undefined });
  return { relay, sent, [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose]() };
};

const row = (stream: string, seq: number): OutboxRow => ({ stream, seq, recipients: ['ann', 'bob'], event: `${stream}${seq}` });

it('what Redis did not take for everybody keeps back what follows in its stream, and goes before it in the end', async () => {
  await using outbox = await openOutbox();
  const refused = new Set(['c1 bob']);
  await using relaying = relayOn(outbox, false, (sent) => !refused.has(sent));
  const { relay, sent } = relaying;
  const tell = async (...rows: OutboxRow[]): Promise<void> => {
    const stored = await outbox.database.transaction(async (transaction) => putInOutbox(transaction, rows, relay.published));
    relay.publish(await inSequence(stored));
    await relay.idle();
  };
  await tell(row('c', 1), row('c', 2), row('d', 1));
  expect([await outbox.left(), relay.published.lastOf('c'), relay.published.lastOf('d')]).toEqual([['c1', 'c2'], 0, 1]);
  refused.clear();
  sent.length = 0;
  await tell(row('c', 3));
  relay.publish([row('d', 1)]);
  await relay.idle();
  expect([await outbox.left(), sent]).toEqual([[], ['c1 ann', 'c1 bob', 'c2 ann', 'c2 bob', 'c3 ann', 'c3 bob']]);
});

it('what one relay has in hand no other one brings, and who stops brings it to its end', async () => {
  await using outbox = await openOutbox();
  const { promise: answered, resolve: answer } = Promise.withResolvers<boolean>();
  await outbox.leaveBehind('c');
  const slow = relayOn(outbox, true, () => answered);
  await until('it has it in hand', () => slow.sent.length > 0);
  await outbox.leaveBehind('d');
  await using other = relayOn(outbox, true, () => true);
  await until('another one brings the rest', async () => (await outbox.left()).length === 1);
  expect([slow.sent, other.sent]).toEqual([['c1 ann'], ['d1 ann']]);
  const stopped = slow[Symbol.asyncDispose]();
  answer(true);
  await stopped;
  expect(await outbox.left()).toEqual([]);
});

it('what Redis lacks of calls and the database does not give is logged with their ids', async () => {
  await using database = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', poolSize: 1, onError: () => undefined });
  const lines: string[] = [];
  const logger = createLogger('call-service', 'warn', { write: (line) => void lines.push(line) });
  const read = createReadUntaken({ database, publisher: { isConnected: () => false }, logger });
  expect(await read(['one', 'two', 'one'])).toEqual([]);
  expect(lines.map((line) => JSON.parse(line).callIds)).toEqual([['one', 'two']]);
});
