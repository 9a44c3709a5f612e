import type { CloseReason } from '@trunkline/contract';
import type { Identity } from '@trunkline/service-kit';
import type { Dialect } from '../dialects/dialect.ts';

/** The most that may wait to be written to one client, in bytes. */
export const MAX_QUEUED_BYTES = 1024 * 1024;

/** From here on, a client counts as slow. */
export const SLOW_QUEUED_BYTES = 65_536;

/** The largest frame that a client may send, in bytes. */
export const MAX_FRAME_BYTES = 65_536;

/** Sends the answer to one frame by the transport's own means. */
export type Acknowledge = (acknowledgement: unknown) => void;

/** One client's socket, whatever the library. None of its methods throws, also when it is closed. */
export interface ClientSocket<Frame> {
  /** Whether it was handed to an open socket. It may be lost all the same: see `probe`. */
  write(frame: Frame): boolean;
  /** Asks the client for a sign that it got all that was written before; one question at a time. MUST NOT call back on a lesser sign. */
  probe(onSign: () => void): void;
  /** What waits to be written, in bytes, more or less. */
  queuedBytes(): number;
  /** Closes in the way that makes the client come back, or stay away, as the reason says. */
  close(reason: CloseReason): void;
}

/** What a transport tells of a socket that it was let in with. */
export interface SocketListener<Frame> {
  onFrame(frame: Frame, acknowledge: Acknowledge | null): void;
  /** Called once, when the socket is closed, whoever closed it; with the reason where the transport did, by itself. */
  onClose(reason: CloseReason | null): void;
}

/** Why somebody is not let in: the token does not hold, or it cannot be known now, or its user comes too often. */
export type NotLetIn = Extract<CloseReason, 'unauthenticated' | 'unavailable' | 'too_many_connections'>;

/** Where every transport knocks. */
export interface Door {
  /** Why a request from this origin may not come in now; null: it may. */
  refusalOf(origin: string | undefined): CloseReason | null;
  authenticate(token: string | null): Promise<Identity | NotLetIn>;
  admit<Frame>(identity: Identity, socket: ClientSocket<Frame>, dialect: Dialect<Frame>): SocketListener<Frame>;
}

/** Moves frames. Disposing closes what is still open, within about two seconds. */
export interface Transport extends AsyncDisposable {
  /** Whether an upgrade to this URL is the transport's own to answer. */
  owns(url: string): boolean;
}
