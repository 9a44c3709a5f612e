import type { Logger } from '@trunkline/service-kit';
import { sweepAnswers } from './calls/answer-sweep.ts';
import type { Database } from './database/database.ts';
import { forgetOldBulks, forgetOldPushes } from './notifications/push-sweep.ts';
import { repeat } from './repeat.ts';

export interface CleanUpOptions {
  database: Database;
  logger: Pick<Logger, 'warn'>;
  everyMs?: number;
}

const TEN_MINUTES_MS = 600_000;

/** Forgets what is long over, every ten minutes, each kind by itself: one that fails takes none along. */
export const startCleanUp = ({ database, logger, everyMs = TEN_MINUTES_MS }: CleanUpOptions): AsyncDisposable => {
  const parts = new AsyncDisposableStack();
  const keepForgetting = (forget: (database: Database, stopping: AbortSignal) => Promise<void>, failed: string): void =>
    void parts.use(
      repeat(
        everyMs,
        (stopping) => forget(database, stopping),
        (error) => logger.warn({ err: error }, failed),
      ),
    );
  keepForgetting(sweepAnswers, 'old answers were kept');
  keepForgetting(forgetOldPushes, 'old pushes were kept');
  keepForgetting(forgetOldBulks, 'old notifications to many were kept');
  return parts;
};
