import type { RedisConnection } from './redis-connection.ts';

export interface AbsenceListener {
  onAway(error: Error): void;
  onBack(): void;
}

/** Tells once that a connection failed and once that it stands again, not of each attempt in between. */
export const tellAbsence = (redis: RedisConnection, { onAway, onBack }: AbsenceListener): void => {
  let isAway = false;
  redis.on('error', (error: Error) => {
    if (!isAway) onAway(error);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) onBack();
    isAway = false;
  });
};
