import type { Publication, Publisher, Topic } from '@trunkline/bus';
import type { CallEvent, ChatEvent, ServerEvent, UserId } from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { Database } from '../database/database.ts';
import { aboutRows, type KnownPublished, type OutboxRow, topicOf } from './outbox.ts';

/** `$1`, `$2`: pairs of stream and sequence that Redis took. */
const DELETE_PUBLISHED = {
  name: 'delete_published',
  text: 'DELETE FROM outbox o USING unnest($1::text[], $2::integer[]) AS done (stream, seq) WHERE o.call_id = done.stream AND o.seq = done.seq',
};
const LOOKED_AT_TOGETHER = 500;

/** `$1`, `$2`, `$3`: when the row behind which to go on was stored, its stream and its sequence. */
export const READ_LEFT_BEHIND = {
  name: 'read_left_behind',
  text: `SELECT call_id AS stream, seq, created_at::text AS "storedAt" FROM outbox
    WHERE created_at < statement_timestamp() - interval '1 second' AND (created_at, call_id, seq) > ($1::timestamptz, $2, $3::integer)
    ORDER BY created_at, call_id, seq LIMIT ${LOOKED_AT_TOGETHER}`,
};
/** `$1`: streams. Claims whole ones, so that no other relay publishes past what this one is about to. */
export const CLAIM_LEFT_BEHIND = {
  name: 'claim_left_behind',
  text: `WITH claimed AS MATERIALIZED (
      SELECT stream FROM unnest($1::text[]) AS left_behind (stream) WHERE pg_try_advisory_xact_lock(hashtextextended(stream, 7246002))
    )
    SELECT o.call_id AS stream, o.seq, o.recipients, o.event FROM claimed JOIN outbox o ON o.call_id = claimed.stream
    ORDER BY o.call_id, o.seq LIMIT 5000`,
};

/** A place in the outbox, by age. */
interface Place {
  storedAt: string;
  stream: string;
  seq: number;
}

const BEFORE_THE_OLDEST: Place = { storedAt: '-infinity', stream: '', seq: 0 };

const SWEEP_EVERY_MS = 500;
/** Well within the second after which the sweep takes a row for left behind. */
const DELETIONS_APART_MS = 200;
const MAX_PUBLISHED_TOGETHER = 512;
/** Streams; past it the oldest is forgotten, and its events are at worst read once more, and published twice. */
const MAX_REMEMBERED = 20_000;

/** Disposing, also again, waits for what is on its way, and ends the sweep; what is committed later is still published. */
export interface Relay extends AsyncDisposable {
  /** What this process has published. */
  readonly published: KnownPublished;
  /** Publishes events that were just committed, without being waited for. */
  publish(rows: OutboxRow[]): void;
  /** Publishes what is heard or lost: once, and kept nowhere. */
  hint(topic: 'calls', events: readonly ServerEvent[]): void;
  hint(topic: 'chats', events: readonly ChatEvent[]): void;
  /** Resolves when nothing is on its way to Redis. */
  idle(): Promise<void>;
}

export interface RelayOptions {
  database: Database;
  publisher: Publisher;
  logger: Logger;
  /** A ring was published and Redis answered that nobody hears the callee's channel. */
  onNobodyHeard(callId: string, calleeId: string): void;
  /** Redis took an event that this process had committed. */
  onPublished(decided: NonNullable<OutboxRow['decided']>): void;
}

/** The callee of a ring that nobody heard. Only the first event of a call can be one, and that it was unheard is rare: only then it is read. */
const unheardBy = ({ stream, seq, recipients, event }: OutboxRow, answers: readonly (number | null)[]): string | null => {
  if (seq !== 1 || topicOf(stream) !== 'calls' || !answers.includes(0)) return null;
  const { type, call } = JSON.parse(event) as CallEvent;
  return type === 'call_placed' && answers[recipients.indexOf(call.calleeId)] === 0 ? call.calleeId : null;
};

/** Whether every recipient's publication was answered, by however many subscribers. */
const wasTaken = (answers: readonly (number | null)[]): boolean => answers.every((answer) => answer !== null);

const publicationsOf = ({ recipients, event }: Pick<OutboxRow, 'recipients' | 'event'>, topic: Topic): Publication[] =>
  recipients.map((userId) => ({ userId: userId as UserId, topic, text: event }));

/**
 * Brings events from the outbox to Redis: at once after their commit, and again from the table for what Redis did not
 * take, or what a process left behind. An event may be published twice, never past an unpublished one of its stream.
 */
export const startRelay = ({ database, publisher, logger, onNobodyHeard, onPublished }: RelayOptions): Relay => {
  const lastPublished = new Map<string, number>();
  const lastOf = (stream: string): number => lastPublished.get(stream) ?? 0;

  const remember = ({ stream, seq }: OutboxRow): void => {
    lastPublished.delete(stream);
    lastPublished.set(stream, seq);
    if (lastPublished.size <= MAX_REMEMBERED) return;
    const [oldest] = lastPublished.keys();
    if (oldest !== undefined) lastPublished.delete(oldest);
  };

  const deletion = createMicroBatch<OutboxRow, void>({
    maxItems: 1000,
    maxInFlight: 1,
    apartMs: DELETIONS_APART_MS,
    run: async (rows) => {
      try {
        await database.query(DELETE_PUBLISHED, [rows.map(({ stream }) => stream), rows.map(({ seq }) => seq)]);
      } catch (error) {
        logger.warn({ err: error, ...aboutRows(rows) }, 'published events could not be deleted; they will be published again');
      }
      return rows.map(() => undefined);
    },
  });

  /** Publishes rows in their order; once one of a stream was not taken, the later ones of that stream wait for the sweep. */
  const publishInOrder = async (rows: readonly OutboxRow[]): Promise<boolean[]> => {
    const answers = await publisher.publish(rows.flatMap((row) => publicationsOf(row, topicOf(row.stream))));
    const halted = new Set<string>();
    let offset = 0;
    return rows.map((row) => {
      const own = answers.slice(offset, offset + row.recipients.length);
      offset += row.recipients.length;
      if (!wasTaken(own) || halted.has(row.stream)) {
        halted.add(row.stream);
        return false;
      }
      const callee = unheardBy(row, own);
      if (callee !== null) onNobodyHeard(row.stream, callee);
      return true;
    });
  };

  const publication = createMicroBatch<OutboxRow[], void>({
    maxItems: MAX_PUBLISHED_TOGETHER,
    maxInFlight: 1,
    run: async (lists) => {
      const rows = lists.flat().filter(({ stream, seq }) => seq > lastOf(stream));
      const taken = await publishInOrder(rows);
      for (const [index, row] of rows.entries()) {
        if (!taken[index]) continue;
        remember(row);
        if (row.decided !== undefined) onPublished(row.decided);
        void deletion.add(row);
      }
      return lists.map(() => undefined);
    },
  });

  const publishStreams = (streams: readonly string[]): Promise<void> =>
    database.transaction(async (transaction) => {
      const rows = await transaction.query<OutboxRow>(CLAIM_LEFT_BEHIND, [streams]);
      if (rows.length === 0) return;
      const taken = await publishInOrder(rows);
      const done = rows.filter((_, index) => taken[index]);
      transaction.send(DELETE_PUBLISHED, [done.map(({ stream }) => stream), done.map(({ seq }) => seq)]);
    });

  let lookedAt = BEFORE_THE_OLDEST;

  /** Goes on behind what the sweep before looked at, and over at the end: what Redis does not take holds up nothing behind it. */
  const publishLeftBehind = async (): Promise<void> => {
    const { storedAt, stream, seq } = lookedAt;
    const leftBehind = await database.query<Place>(READ_LEFT_BEHIND, [storedAt, stream, seq]);
    lookedAt = leftBehind[LOOKED_AT_TOGETHER - 1] ?? BEFORE_THE_OLDEST;
    if (leftBehind.length > 0) await publishStreams([...new Set(leftBehind.map((place) => place.stream))]);
  };

  let sweep: Promise<void> = Promise.resolve();
  let isSweeping = false;
  const timer = setInterval(() => {
    if (isSweeping || !publisher.isConnected()) return;
    isSweeping = true;
    sweep = publishLeftBehind()
      .catch((error: unknown) => logger.warn({ err: error }, 'the outbox could not be swept'))
      .finally(() => {
        isSweeping = false;
      });
  }, SWEEP_EVERY_MS);

  const idle = async (): Promise<void> => {
    await publication.idle();
    await deletion.idle();
  };

  return {
    published: { lastOf },
    publish: (rows) => {
      publication
        .add(rows)
        .catch((error: unknown) => logger.warn({ err: error, ...aboutRows(rows) }, 'events could not be published; the sweep will'));
    },
    hint: (topic: Topic, events: readonly (ServerEvent | ChatEvent)[]) => {
      const publications = events.flatMap((event) => publicationsOf({ recipients: event.recipients, event: JSON.stringify(event) }, topic));
      if (publications.length > 0) void publisher.publish(publications);
    },
    idle,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sweep;
      await idle();
    },
  };
};
