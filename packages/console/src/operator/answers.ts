import type { CallState, CallType, LiveState } from '@trunkline/contract';

// What docs/server-api.md says of the answers, as far as the pages show it.

export interface LiveView {
  readonly at: string;
  readonly gateways: readonly { readonly gatewayId: string; readonly calls: number; readonly chats: number }[];
  readonly calls: Partial<Record<LiveState, number>>;
  readonly waiting: {
    readonly outboxEvents: number;
    readonly outboxOldestSeconds: number | null;
    readonly pushes: number;
    readonly pushOldestSeconds: number | null;
    readonly overdueSeconds: number;
  };
  readonly recent: {
    readonly minutes: number;
    readonly bucketSeconds: number;
    readonly isSample: boolean;
    readonly buckets: readonly Bucket[];
  };
}

export interface Bucket {
  readonly at: number;
  readonly placed: number;
  readonly answered: number;
  readonly unanswered: number;
  readonly ringMsP50: number | null;
  readonly ringMsP95: number | null;
}

export interface ListedCall {
  readonly id: string;
  readonly callerId: string;
  readonly callerName: string | null;
  readonly calleeId: string;
  readonly callType: CallType;
  readonly status: CallState;
  readonly reason: string | null;
  readonly durationSeconds: number | null;
  readonly createdAt: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export interface TraceStep {
  readonly kind: string;
  readonly at: string;
  readonly sinceMs: number;
  readonly side: 'caller' | 'callee' | 'system';
  readonly deviceId: string | null;
  readonly sessionId: string | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
}

export interface CallTrace {
  readonly callId: string;
  readonly callerId: string;
  readonly calleeId: string;
  readonly state: CallState;
  readonly reason: string | null;
  readonly placedAt: string;
  readonly endedAt: string | null;
  readonly verdict: string;
  readonly says: string;
  readonly steps: readonly TraceStep[];
}

export interface PushRow {
  readonly id: string;
  readonly userId: string;
  readonly type: string;
  readonly callId: string | null;
  readonly status: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly providerId: string | null;
  readonly content: unknown;
  readonly createdAt: string;
  readonly doneAt: string | null;
  readonly provider: string | null;
  readonly platform: string | null;
  readonly deviceId: string | null;
}

export interface UserView {
  readonly userId: string;
  readonly online: boolean;
  readonly lastSeenAt: string | null;
  readonly sessions: readonly {
    readonly id: string;
    readonly gatewayId: string;
    readonly deviceId: string | null;
    readonly hears: string;
    readonly openedAt: string;
  }[];
  readonly targets: readonly {
    readonly id: string;
    readonly provider: string;
    readonly platform: string;
    readonly deviceId: string | null;
    readonly locale: string | null;
    readonly updatedAt: string;
  }[];
  readonly liveCalls: readonly ListedCall[];
}
