import type { CallView, MediaAccess } from '@trunkline/contract';
import { TrunklineError } from '../trunkline-error.ts';
import type { Rest } from './rest.ts';

/** A call as one of its two people has it in the history. */
export interface HistoryItem extends CallView {
  readonly kind: 'outgoing' | 'incoming' | 'missed';
  readonly peerId: string;
  readonly peerName: string | null;
  readonly peerAvatar: string | null;
  /** Null while it lives. */
  readonly reason: string | null;
}

export interface HistoryPage {
  readonly items: readonly HistoryItem[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

export interface HistoryQuery {
  /** 1–100; 20 where not given. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** What was told of calls, asked over REST. Each throws TrunklineError. */
export interface CallsApi {
  /** Newest first. */
  history(query?: HistoryQuery): Promise<HistoryPage>;
  /** The call of that id, or the one that it was merged into. */
  read(callId: string): Promise<CallView>;
  /** Credentials of this user's own, made anew each time. */
  media(callId: string): Promise<MediaAccess>;
}

/** The contract's `RESERVED_CALL_IDS`: asked for as calls, other routes would answer. */
const ROUTES: ReadonlySet<string> = new Set(['initiate', 'history', 'ringing']);

const isCall = (answer: Partial<CallView> | null | undefined): answer is CallView =>
  typeof answer?.id === 'string' && typeof answer.status === 'string';

const readCall = async (rest: Rest, callId: string): Promise<CallView> => {
  const wasSent = !ROUTES.has(callId);
  const answer = wasSent ? await rest.data<CallView | null>({ method: 'GET', path: `/api/v1/calls/${encodeURIComponent(callId)}` }) : null;
  if (!isCall(answer)) throw new TrunklineError('call_not_found', 'There is no such call', { callId, wasSent });
  return answer;
};

export const callsApi = (rest: Rest): CallsApi => ({
  history: ({ limit, cursor } = {}) => rest.data({ method: 'GET', path: '/api/v1/calls/history', query: { limit, cursor } }),
  read: (callId) => readCall(rest, callId),
  media: (callId) => rest.plain({ method: 'POST', path: `/v1/calls/${encodeURIComponent(callId)}/media` }),
});
