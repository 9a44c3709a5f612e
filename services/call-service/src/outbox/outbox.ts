import type { Topic } from '@trunkline/bus';
import type { CallEventType, ChatEvent } from '@trunkline/contract';
import type { Database, Transaction } from '../database/database.ts';

/** `$1`: streams. Read under the lock of what the stream is about, so that no later event overtakes an earlier one. */
const READ_UNPUBLISHED = {
  name: 'read_unpublished_of_streams',
  text: 'SELECT call_id AS stream, seq, recipients, event FROM outbox WHERE call_id = ANY ($1::text[]) ORDER BY call_id, seq',
};
const INSERT_OUTBOX = {
  name: 'insert_outbox',
  text: `INSERT INTO outbox (call_id, seq, recipients, event)
    SELECT r.stream, r.seq, r.recipients, r.event
    FROM json_to_recordset($1::json) AS r (stream text, seq integer, recipients text[], event json)`,
};

/** An event on its way to Redis. Events of one stream are published in the order of `seq`. */
export interface OutboxRow {
  /** A call's id, or, since a client may choose that, a name with a colon: `chat:<id>`, `users:<id>`. */
  stream: string;
  seq: number;
  recipients: string[];
  /** What is published, as JSON. */
  event: string;
  /** What was decided, and when by this process's monotonic clock; absent where the row was read from the table. */
  decided?: { type: CallEventType | ChatEvent['type']; at: number };
}

export const chatStream = (chatId: string): string => `chat:${chatId}`;

/** Of events that stand alone and need no order. */
export const usersStream = (eventId: string): string => `users:${eventId}`;

/** Call ids have no colon. */
export const topicOf = (stream: string): Topic => (stream.includes(':') ? 'chats' : 'calls');

/** What rows are about, for the log. */
export const aboutRows = (rows: readonly Pick<OutboxRow, 'stream'>[]): { callIds: string[]; streams: string[] } => {
  const streams = [...new Set(rows.map(({ stream }) => stream))];
  return {
    callIds: streams.filter((stream) => topicOf(stream) === 'calls'),
    streams: streams.filter((stream) => topicOf(stream) !== 'calls'),
  };
};

/** What is to be published, in sequence per stream, once the transaction is committed. */
export interface Unpublished {
  /** Events of the same streams that are not known to be published yet; read before the commit, resolved by then. */
  earlier: Promise<OutboxRow[]>;
  rows: OutboxRow[];
}

/** The events are JSON already: as they are, nobody has to escape and read them once more. */
const outboxJson = (rows: readonly OutboxRow[]): string =>
  `[${rows
    .map(
      ({ stream, seq, recipients, event }) =>
        `{"stream":${JSON.stringify(stream)},"seq":${seq},"recipients":${JSON.stringify(recipients)},"event":${event}}`,
    )
    .join()}]`;

/** Stores events with what they tell of, in one transaction, without waiting: the commit travels right behind. */
export const putInOutbox = (transaction: Transaction, rows: OutboxRow[]): Unpublished => {
  if (rows.length === 0) return { earlier: Promise.resolve([]), rows };
  const known = [...new Set(rows.map(({ stream }) => stream))];
  const earlier = transaction.query<OutboxRow>(READ_UNPUBLISHED, [known]);
  transaction.send(INSERT_OUTBOX, [outboxJson(rows)]);
  return { earlier, rows };
};

/** What is not known to be published of these streams, in sequence per stream. */
export const readUnpublished = (database: Pick<Database, 'query'>, streams: readonly string[]): Promise<OutboxRow[]> =>
  database.query<OutboxRow>(READ_UNPUBLISHED, [streams]);

/** All rows to publish, in sequence per stream. */
export const inSequence = async ({ earlier, rows }: Unpublished): Promise<OutboxRow[]> => [...(await earlier), ...rows];
