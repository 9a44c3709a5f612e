import { randomUUID } from 'node:crypto';
import { type CloseReason, SessionId } from '@trunkline/contract';
import type { Identity, Logger } from '@trunkline/service-kit';
import { type Companion, Companions, endsAlone } from './companions.ts';
import type { ConnectLimit } from './connect-limit.ts';
import { Connection, type ConnectionOptions, type ConnectionServices, type EndedFor } from './connection.ts';
import type { Dialect } from './dialects/dialect.ts';
import { settledWithin } from './settled-within.ts';
import { type ClientSocket, SLOW_QUEUED_BYTES, type SocketListener } from './transports/transport.ts';

/** A connection, whatever its frames are. */
type LiveConnection = Companion & Pick<Connection<unknown>, 'sessionId' | 'queuedBytes' | 'refresh' | 'catchUp'>;

/** What a connection is given of the place that keeps it. */
type SessionLife = Pick<ConnectionOptions<unknown>, 'sessionId' | 'onEnd'>;

const SWEEP_EVERY_MS = 1000;
const ANSWERS_PATIENCE_MS = 2000;

export interface SessionServices extends ConnectionServices {
  /** The most that may wait to be written to all clients together, in bytes: many slow ones cost what one may, many times. */
  readonly queuedBytesTogether: number;
  readonly connects: Pick<ConnectLimit, 'charge'>;
  readonly log: Pick<Logger, 'warn'>;
}

const ABUSES: ReadonlySet<string> = new Set<CloseReason>(['flooding', 'frame_too_large']);
/** Whose client that was, no metric says. */
const LOGGED: ReadonlySet<string> = new Set<CloseReason>(['flooding', 'frame_too_large', 'too_slow']);

/** The sessions that this gateway holds. */
export class Sessions implements Disposable {
  readonly #services: SessionServices;
  readonly #live = new Set<LiveConnection>();
  readonly #companions = new Companions();
  /** Those that are told to go, once their last answer is given. */
  readonly #sentAway = new WeakSet<LiveConnection>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #sweep: NodeJS.Timeout;
  readonly #queuedBytesTogether: number;
  #closedFor: CloseReason | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(services: SessionServices) {
    this.#queuedBytesTogether = services.queuedBytesTogether;
    this.#services = services;
    this.#sweep = setInterval(() => {
      this.#closeExpired(Date.now());
      this.#closeSlowest();
    }, SWEEP_EVERY_MS);
  }

  get count(): number {
    return this.#live.size;
  }

  /** How many of them do not read what they are sent. */
  slowCount(): number {
    let count = 0;
    for (const connection of this.#live) if (connection.queuedBytes > SLOW_QUEUED_BYTES) count += 1;
    return count;
  }

  admit<Frame>(
    identity: Identity,
    socket: ClientSocket<Frame>,
    dialect: Dialect<Frame>,
    beside: Companion | null = null,
  ): SocketListener<Frame> & Companion {
    return this.hold(dialect, (life) => new Connection({ ...life, identity, socket, dialect, services: this.#services }), beside);
  }

  /** Keeps a connection of any kind until it ends; `beside` came before it over the same socket, in another namespace. */
  hold<Held extends LiveConnection>(
    { name }: Pick<Dialect<never>, 'name'>,
    connect: (life: SessionLife) => Held,
    beside: Companion | null = null,
  ): Held {
    const { connections, connectionsOpened, connectionCloses } = this.#services.metrics;
    const dialect = { dialect: name };
    connectionsOpened.inc(dialect);
    connections.inc(dialect);
    const connection = connect({
      sessionId: SessionId.parse(randomUUID()),
      onEnd: (left, reason) => {
        this.#live.delete(connection);
        if (this.#live.size === 0) this.#onEmpty?.();
        connections.dec(dialect);
        connectionCloses.inc({ ...dialect, reason });
        this.#logEnd(connection, name, reason);
        this.#awaitReport(left);
        this.#leaveCompanions(connection, reason);
      },
    });
    this.#live.add(connection);
    if (beside !== null) this.#companions.join(connection, beside);
    if (this.#closedFor !== null) this.#sendAway(connection, this.#closedFor);
    return connection;
  }

  /** Every session gets a new snapshot. */
  refreshAll(): void {
    for (const connection of this.#live) connection.refresh();
  }

  /** Asks again for the snapshots that did not come. */
  catchUp(): void {
    for (const connection of this.#live) connection.catchUp();
  }

  /** Those that nobody has sent away yet; the set keeps the order in which they came. */
  staying(): LiveConnection[] {
    return [...this.#live].filter((connection) => !this.#sentAway.has(connection));
  }

  /** Closes those that the app's backend wants gone: all of a user, or the sessions that it named. */
  disconnect(unwanted: { userId: string } | { sessionIds: readonly string[] }): void {
    const ids = 'sessionIds' in unwanted ? new Set(unwanted.sessionIds) : null;
    if (ids?.size === 0) return;
    const isUnwanted = ({ sessionId, userId }: LiveConnection): boolean =>
      ids === null ? 'userId' in unwanted && userId === unwanted.userId : ids.has(sessionId);
    for (const connection of [...this.#live].filter(isUnwanted)) connection.close('disconnected');
  }

  sendOldestAway(count: number, reason: CloseReason): void {
    for (const connection of this.staying().slice(0, count)) {
      this.#sentAway.add(connection);
      this.#sendAway(connection, reason);
    }
  }

  /** Sends all of them away, closes whatever still comes in, and resolves when every one of them is closed. */
  async closeForGood(reason: CloseReason): Promise<void> {
    this.#closedFor = reason;
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    this.sendOldestAway(this.#live.size, reason);
    if (this.#live.size > 0) await emptied;
  }

  /** Resolves when every session that ended has been reported. */
  async allReported(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweep);
  }

  /** Closes it when nobody on its connection waits for an answer any more, or one takes too long. */
  #sendAway(connection: LiveConnection, reason: CloseReason): void {
    if (this.#companions.areIdle(connection)) connection.close(reason);
    else void settledWithin(this.#companions.idle(connection), ANSWERS_PATIENCE_MS).then(() => connection.close(reason));
  }

  /** What ends the connection ends all on it; the last of them is charged for an abuse, so that it counts once. */
  #leaveCompanions(connection: LiveConnection, reason: EndedFor): void {
    const others = this.#companions.leave(connection);
    if (!endsAlone(reason)) for (const other of others) other.close(reason);
    if (ABUSES.has(reason) && others.length === 0) this.#services.connects.charge(connection.userId, performance.now());
  }

  #logEnd({ userId, sessionId }: LiveConnection, dialect: string, reason: EndedFor): void {
    if (LOGGED.has(reason))
      this.#services.log.warn({ userId, sessionId, dialect, reason }, 'a connection was closed for what its client did');
  }

  /** A function of its own, so that what waits for the report does not hold the connection. */
  #awaitReport(left: Promise<void>): void {
    this.#leaving.add(left);
    void left.finally(() => this.#leaving.delete(left));
  }

  /** One look at all of them a second is cheaper than a timer for each. */
  #closeExpired(now: number): void {
    for (const connection of this.#live) {
      if (connection.expiresAt > now) continue;
      this.#companions.shareToken(connection);
      if (connection.expiresAt <= now) connection.close('token_expired');
    }
  }

  /** Closes those for whom most waits, until what waits for the others is no more than may. */
  #closeSlowest(): void {
    const waiting = [...this.#live].map((connection) => ({ connection, bytes: connection.queuedBytes })).filter(({ bytes }) => bytes > 0);
    let together = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    if (together <= this.#queuedBytesTogether) return;
    for (const { connection, bytes } of waiting.sort((one, other) => other.bytes - one.bytes)) {
      if (together <= this.#queuedBytesTogether) return;
      together -= bytes;
      connection.close('too_slow');
    }
  }
}
