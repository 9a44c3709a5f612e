import { setTimeout as delay } from 'node:timers/promises';
import {
  type ClosedSession,
  type GatewayId,
  INTERNAL_PATHS,
  MAX_BATCH,
  type OpenedSession,
  type SessionId,
  SessionsResponse,
  type Snapshot,
} from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import { type CallServiceClient, CallServiceError } from './call-service-client.ts';

export interface SessionReportsOptions {
  client: CallServiceClient;
  gatewayId: GatewayId;
  log: Logger;
}

/** What a session must know, or that its user has too many. */
export type Admission = Omit<Snapshot, 'sessionId'>;

/** Why a session was not admitted: what it would find elsewhere too, or that this gateway reaches no call-service. */
export type NotAdmitted = 'busy' | 'unreachable';

/** Tells call-service which sessions this gateway holds. */
export interface SessionReports {
  /** False while so many reports wait that no more sessions can be taken on: none of those that wait may be dropped. */
  hasRoom(): boolean;
  /** Reports a session as open, which is the same however often, and resolves with what it must know (invariant 7), or with why no call-service took it. */
  opened(session: OpenedSession): Promise<Admission | NotAdmitted>;
  /** Resolves when call-service took it: it is repeated until then, or until `giveUp`. */
  closed(session: ClosedSession): Promise<void>;
  /** From now on a report that fails is not repeated. What is lost, the lapsing lease says (invariant 13). */
  giveUp(): void;
}

const MAX_WAITING = 10_000;
const OPENED_IN_FLIGHT = 2;
/** In a reconnect storm, what a call-service does for many sessions at once costs it little more than for one. */
const OPENED_APART_MS = 25;
/** The same, where nobody waits. */
const CLOSED_APART_MS = 50;
const BUDGET_MS = 3000;
const LONGEST_PAUSE_MS = 2000;

export const createSessionReports = ({ client, gatewayId, log }: SessionReportsOptions): SessionReports => {
  const givingUp = new AbortController();

  const post = async (opened: OpenedSession[], closed: ClosedSession[]): Promise<Snapshot[]> => {
    const body = { gatewayId, opened, closed };
    const { value } = await client.post({
      path: INTERNAL_PATHS.sessions,
      bodyFor: () => body,
      schema: SessionsResponse,
      budgetMs: BUDGET_MS,
    });
    return value.snapshots;
  };

  const opened = createMicroBatch<OpenedSession, Admission | NotAdmitted>({
    maxItems: MAX_BATCH,
    maxInFlight: OPENED_IN_FLIGHT,
    apartMs: OPENED_APART_MS,
    run: async (sessions) => {
      try {
        const snapshots = await post(sessions, []);
        const admissions = new Map<SessionId, Admission>(snapshots.map(({ sessionId, ...admission }) => [sessionId, admission]));
        return sessions.map(({ sessionId }) => admissions.get(sessionId) ?? 'unreachable');
      } catch (error) {
        log.warn({ err: error, sessions: sessions.length }, 'sessions could not be opened');
        const reason = error instanceof CallServiceError && error.wasBusy ? 'busy' : 'unreachable';
        return sessions.map(() => reason);
      }
    },
  });

  const closed = createMicroBatch<ClosedSession, void>({
    maxItems: MAX_BATCH,
    maxInFlight: 1,
    apartMs: CLOSED_APART_MS,
    run: async (sessions) => {
      for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        try {
          await post([], sessions);
          return sessions.map(() => undefined);
        } catch (error) {
          log.warn({ err: error, sessions: sessions.length }, 'closed sessions were not reported');
          if (givingUp.signal.aborted) return sessions.map(() => undefined);
        }
        await delay(pauseMs, undefined, { signal: givingUp.signal }).catch(() => undefined);
      }
    },
  });

  return {
    hasRoom: () => opened.size + closed.size < MAX_WAITING,
    opened: opened.add,
    closed: closed.add,
    giveUp: () => givingUp.abort(),
  };
};

/** A function of its own, so that a close that waits to be reported holds nothing of its connection. */
export const reportClose = async (finished: Promise<ClosedSession | null>, reports: Pick<SessionReports, 'closed'>): Promise<void> => {
  const closed = await finished;
  if (closed !== null) await reports.closed(closed);
};
