import type { Publisher } from '@trunkline/bus';
import type { CallEvent } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { Database } from '../database/database.ts';
import { readUnpublished } from './outbox.ts';

/** The events of these calls that Redis lacks, in sequence; none while Redis is there to bring them. Never rejects. */
export type ReadUntaken = (callIds: readonly string[]) => Promise<CallEvent[]>;

export interface UntakenOptions {
  database: Database;
  publisher: Pick<Publisher, 'isConnected'>;
  logger: Logger;
}

/** What a gateway is to tell its own sessions at once, since Redis is away. The relay brings the same to everybody later. */
export const createReadUntaken =
  ({ database, publisher, logger }: UntakenOptions): ReadUntaken =>
  async (callIds) => {
    if (publisher.isConnected() || callIds.length === 0) return [];
    const named = [...new Set(callIds)];
    try {
      const rows = await readUnpublished(database, named);
      return rows.map(({ event }) => JSON.parse(event) as CallEvent);
    } catch (error) {
      logger.warn({ err: error, callIds: named }, 'what Redis lacks could not be read; the relay will bring it');
      return [];
    }
  };
