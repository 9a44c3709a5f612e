import { type Decider, decideSurely } from './decider.ts';

const ATTEMPTS = 10;
const PAUSE_MS = 1000;

/** Has the call know that Redis found nobody to hear its ring. Redis says so once: while the database takes nothing, it is brought again. */
export const reportNobodyHeard = (decider: Pick<Decider, 'decide'>, callId: string, calleeId: string, attempt = 1): void => {
  decideSurely(decider, { kind: 'nobody_heard', callId, calleeId }).catch(() => {
    if (attempt < ATTEMPTS) setTimeout(() => reportNobodyHeard(decider, callId, calleeId, attempt + 1), PAUSE_MS).unref();
  });
};
