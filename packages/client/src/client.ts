import type { CallType } from '@trunkline/contract';
import type { Call, CallEvents, IncomingCall, OutgoingCall } from './call.ts';
import type { ElsewhereEvent } from './call-register.ts';
import type { ChatClient } from './chat/chat-client.ts';
import type { Listenable } from './emitter.ts';
import type { ConnectionState } from './link.ts';
import type { ConnectOptions } from './options.ts';
import type { PushRegistration } from './push/push-registration.ts';
import type { HistoryPage, HistoryQuery } from './rest/calls-api.ts';
import type { Blocks, UserPresence } from './rest/users-api.ts';
import { RunningClient } from './running-client.ts';
import type { TrunklineError } from './trunkline-error.ts';

export interface ClientEvents extends CallEvents {
  /** Somebody calls: ring until the call's `stopped`. */
  incoming: { readonly call: IncomingCall };
  /** The other person of a live call came, or lost their last connection. */
  presence: { readonly userId: string; readonly online: boolean };
  connection: ConnectionState;
  elsewhere: ElsewhereEvent;
  /** What went wrong without a command of the app's own: its `getToken`, a refresh, an error that names no command. */
  error: { readonly error: TrunklineError };
}

export interface PlaceOptions {
  /** `AUDIO` where it is left out. */
  readonly callType?: CallType;
  /** The media provider's room; the call's id where it is left out. */
  readonly channelId?: string;
  /** The app's own id for the call, `[A-Za-z0-9_-]{1,64}`. */
  readonly callId?: string;
  /** 5–120; the server's own where it is left out. */
  readonly ringTimeoutSeconds?: number;
  /** How long placing is tried, connected or not. */
  readonly timeoutMs?: number;
}

/** One user's connection to Trunkline, and what goes over it. Hears every event of every call. */
export interface Client extends Listenable<ClientEvents>, Disposable {
  /** The `sub` of the token; null while there is none. */
  readonly userId: string | null;
  readonly connection: ConnectionState;
  /** The calls that are not over. */
  readonly calls: readonly Call[];
  /** Rings somebody. The call is there at once; whether it could be placed, it tells. */
  place(calleeId: string, options?: PlaceOptions): OutgoingCall;
  /** Takes up a call that lives, or rings, after a restart of the app; null: it is over, or another device answered. @throws TrunklineError */
  resume(callId: string): Promise<Call | null>;
  /** Tries at once where it waits: for when the network or the app came back. */
  reconnectNow(): void;
  /** Leaves for good. Commands without an answer are rejected, calls that live have `failed`; on the server, they go on. */
  close(): void;

  history(query?: HistoryQuery): Promise<HistoryPage>;
  /** Who of up to 100 users is connected, in the order of the question. */
  presence(userIds: readonly string[]): Promise<readonly UserPresence[]>;
  readonly blocks: Blocks;
  readonly push: PushRegistration;
  /** Chats; the first use of it connects to them. */
  readonly chat: ChatClient;
}

/** Connects, and stays connected until `close`. @throws TypeError on options that cannot work */
export const connect = (options: ConnectOptions): Client => new RunningClient(options);
