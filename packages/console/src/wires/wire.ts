import type { CallSignal, CallType } from '@trunkline/contract';

/** How a call, or its ring here, ended. */
export interface Ending {
  readonly how: 'rejected' | 'cancelled' | 'timeout' | 'ended' | 'failed';
  /** The dialect's own word or text. */
  readonly reason: string;
  readonly by: string | null;
  readonly durationSeconds: number | null;
}

/** What a phone hears, whatever its dialect. */
export type WireNews =
  | { readonly kind: 'link'; readonly state: LinkState }
  | {
      readonly kind: 'incoming';
      readonly callId: string;
      readonly callerId: string;
      readonly callerName: string;
      readonly callType: CallType;
      /** How long it may ring from now; null: the dialect does not say. */
      readonly ringMs: number | null;
    }
  | { readonly kind: 'ringing'; readonly callId: string }
  | { readonly kind: 'accepted'; readonly callId: string }
  | { readonly kind: 'over'; readonly callId: string; readonly ending: Ending }
  | { readonly kind: 'signal'; readonly callId: string; readonly signal: CallSignal }
  | { readonly kind: 'presence'; readonly userId: string; readonly isOnline: boolean };

export type LinkState = 'connecting' | 'connected' | 'waiting' | 'closed';

export type Reply = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

/** One frame or event, for the log. */
export interface LogEntry {
  readonly direction: 'in' | 'out' | 'note';
  readonly word: string;
  readonly body: unknown;
}

export interface Place {
  readonly callId: string;
  readonly calleeId: string;
  readonly callType: CallType;
  /** The server's own where it is left out. */
  readonly ringTimeoutSeconds?: number;
}

/** One device's connection, in the words of one dialect. Nothing of it throws. */
export interface Wire {
  place(place: Place): Promise<Reply>;
  /** This device shows the ring. */
  acknowledge(callId: string): void;
  accept(callId: string): Promise<Reply>;
  reject(callId: string): Promise<Reply>;
  cancel(callId: string): Promise<Reply>;
  end(callId: string): Promise<Reply>;
  connected(callId: string): Promise<Reply>;
  /** To the other device in the call. */
  signal(callId: string, signal: CallSignal): Promise<Reply>;
  /** Asks how a call stands of which something may have been missed, be it from before this page; what is new comes as news. */
  lookUp(callId: string): void;
  reconnectNow(): void;
  close(): void;
}

export interface WireOptions {
  /** Where the gateway is. */
  readonly url: string;
  /** Where REST is. */
  readonly restUrl: string;
  getToken(): Promise<string | null>;
  hear(news: WireNews): void;
  log(entry: LogEntry): void;
}
