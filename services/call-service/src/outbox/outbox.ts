import type { Topic } from '@trunkline/bus';
import type { CallEventType, ChatEvent } from '@trunkline/contract';
import type { Database, Transaction } from '../database/database.ts';

/** `$1`: streams. Read under the lock of what the stream is about, so that no later event overtakes an earlier one. */
const READ_UNPUBLISHED = {
  name: 'read_unpublished_of_streams',
  text: 'SELECT call_id AS stream, seq, recipients, event FROM outbox WHERE call_id = ANY ($1::text[]) ORDER BY call_id, seq',
};
/**
 * `$1` streams, `$3` recipients and `$4` events are texts with a separator between, which no JSON has unescaped: taken apart, not read.
 * `$2`: sequences.
 */
const INSERT_OUTBOX = {
  name: 'insert_outbox',
  text: `INSERT INTO outbox (call_id, seq, recipients, event)
    SELECT r.stream, r.seq, ARRAY(SELECT json_array_elements_text(r.recipients::json)), r.event
    FROM ROWS FROM (string_to_table($1::text, E'\\x1e'), unnest($2::integer[]), string_to_table($3::text, E'\\x1e'),
      string_to_table($4::text, E'\\x1e')) AS r (stream, seq, recipients, event)`,
};
const SEPARATOR = '\x1e';

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

/** What this process has published of a stream: whoever published an event published all before it. */
export interface KnownPublished {
  /** The last sequence, or 0 where it is not known. */
  lastOf(stream: string): number;
}

/** For streams that begin with what is stored: nothing can be left of them. */
export const NOTHING_PUBLISHED: KnownPublished = { lastOf: () => 0 };

/** Those of which something may be left: not those that begin here, nor those of which the event before these is known to be out. */
const streamsWithEarlier = (rows: readonly OutboxRow[], published: KnownPublished): string[] => {
  const firsts = new Map<string, number>();
  for (const { stream, seq } of rows) if (!firsts.has(stream)) firsts.set(stream, seq);
  return [...firsts].filter(([stream, seq]) => seq > 1 && published.lastOf(stream) < seq - 1).map(([stream]) => stream);
};

/** Stores events with what they tell of, in one transaction, without waiting: the commit travels right behind. */
export const putInOutbox = (transaction: Transaction, rows: OutboxRow[], published: KnownPublished): Unpublished => {
  if (rows.length === 0) return { earlier: Promise.resolve([]), rows };
  const uncertain = streamsWithEarlier(rows, published);
  const earlier = uncertain.length === 0 ? Promise.resolve([]) : transaction.query<OutboxRow>(READ_UNPUBLISHED, [uncertain]);
  const joined = (text: (row: OutboxRow) => string): string => rows.map(text).join(SEPARATOR);
  transaction.send(INSERT_OUTBOX, [
    joined(({ stream }) => stream),
    rows.map(({ seq }) => seq),
    joined(({ recipients }) => JSON.stringify(recipients)),
    joined(({ event }) => event),
  ]);
  return { earlier, rows };
};

/** What is not known to be published of these streams, in sequence per stream. */
export const readUnpublished = (database: Pick<Database, 'query'>, streams: readonly string[]): Promise<OutboxRow[]> =>
  database.query<OutboxRow>(READ_UNPUBLISHED, [streams]);

/** All rows to publish, in sequence per stream. */
export const inSequence = async ({ earlier, rows }: Unpublished): Promise<OutboxRow[]> => [...(await earlier), ...rows];
