import type { NotAdmitted } from './session-reports.ts';

/** One connection that is being opened. */
export interface Opening {
  /** Reports it once more. */
  attempt(): Promise<'admitted' | NotAdmitted>;
  /** Answers the commands that wait for it: nobody is left without an answer for longer than one attempt. */
  refuseWaiting(): void;
  isClosed(): boolean;
}

/** Past it the client is sent away, and may find a better place. */
const OPEN_WITHIN_MS = 10_000;

/**
 * Reports a connection until it is admitted. Where call-service or its database is slow, the client waits here: were it sent away, it
 * would come back at once, and a new connection costs those who are slow already more than another try. Resolves with false where it is
 * to be closed: no call-service can be reached from here, or all of them were slow for too long.
 */
export const openPatiently = async ({ attempt, refuseWaiting, isClosed }: Opening): Promise<boolean> => {
  const giveUpAt = performance.now() + OPEN_WITHIN_MS;
  while (!isClosed()) {
    const outcome = await attempt();
    if (outcome === 'admitted') return true;
    refuseWaiting();
    if (outcome === 'unreachable' || performance.now() >= giveUpAt) return isClosed();
  }
  return true;
};
