/** The ways in which an app can take part in calls. `chattrix-rest` acts over REST and hears on its WebSocket. */
export const DIALECTS = ['onlycare', 'chattrix-ws', 'chattrix-rest', 'otomo'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** What a phone can be told, by the wire's own event. */
export type HeardKind = 'incoming' | 'ringing' | 'accepted' | 'rejected' | 'cancelled' | 'timeout' | 'ended' | 'signal' | 'error';

export interface Heard {
  readonly kind: HeardKind;
  readonly callId: string | null;
  readonly reason?: string;
  /** As it came: `{name, body}` on Socket.IO, the JSON frame on a raw WebSocket. */
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is asserted by the test, field by field
  readonly frame: any;
}

export type Answer =
  | { readonly ok: true; readonly callId: string; readonly status: string }
  /** `status`: the state that won, where the answer names one. */
  | { readonly ok: false; readonly code: string; readonly status?: string };

export interface Place {
  calleeId: string;
  callType?: 'AUDIO' | 'VIDEO';
  channelId?: string;
  callId?: string;
  ringTimeoutSeconds?: number;
}

/** One device of one user, signed in, whatever its dialect. Disposing of it closes its connection. */
export interface Phone extends AsyncDisposable {
  readonly dialect: DialectName;
  readonly userId: string;
  readonly deviceId: string | null;
  /** All that was heard, in order. */
  readonly heard: readonly Heard[];
  place(place: Place): Promise<Answer>;
  acknowledge(callId: string): Promise<Answer>;
  accept(callId: string): Promise<Answer>;
  reject(callId: string, reason?: string): Promise<Answer>;
  cancel(callId: string, reason?: string): Promise<Answer>;
  end(callId: string): Promise<Answer>;
  connected(callId: string): Promise<Answer>;
  /** Over REST there is no word for it: that phone says it on its WebSocket. */
  signal(callId: string, signal: unknown): Promise<Answer>;
  /** Resolves with the first event of this kind about this call, heard already or yet to come. */
  hears(kind: HeardKind, callId: string): Promise<Heard>;
  /** What was heard about one call, in order. */
  kindsFor(callId: string): HeardKind[];
}

export interface PhoneOptions {
  readonly gatewayUrl: string;
  readonly callServiceUrl: string;
  readonly token: string;
  readonly userId: string;
  readonly deviceId: string | null;
}
