import type { Subscriber, Subscription } from '@trunkline/bus';
import {
  type Actor,
  type CallId,
  type ClosedSession,
  type CloseReason,
  type CommandReply,
  type OpenedSession,
  refusal,
  type ServerEvent,
  type SessionId,
  type UserId,
} from '@trunkline/contract';
import type { Identity } from '@trunkline/service-kit';
import type { Authenticate } from './authenticate.ts';
import type { SendCommand } from './command-sender.ts';
import type { Companion } from './companions.ts';
import type { DatabaseClock } from './database-clock.ts';
import { Deliverer, type Outlet } from './deliver.ts';
import type { DeliveryReports } from './delivery-reports.ts';
import type { Asked, Dialect, Reply } from './dialects/dialect.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { heardWithin } from './heard-within.ts';
import { type Opening, openPatiently } from './open-patiently.ts';
import type { Presence } from './presence.ts';
import { type Asker, Receiver } from './receive.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import type { EventSource } from './ring-freshness.ts';
import { type NotAdmitted, reportClose, type SessionReports } from './session-reports.ts';
import { type Acknowledge, type ClientSocket, MAX_QUEUED_BYTES, type SocketListener } from './transports/transport.ts';

/** What all connections of a gateway share. */
export interface ConnectionServices {
  readonly sendCommand: SendCommand;
  readonly reports: SessionReports;
  readonly deliveries: Pick<DeliveryReports, 'add'>;
  readonly subscriber: Subscriber;
  readonly presence: Presence;
  readonly clock: DatabaseClock;
  readonly authenticate: Authenticate;
  readonly commandsPerSecond: number;
  readonly metrics: GatewayMetrics;
}

export interface ConnectionOptions<Frame> {
  readonly sessionId: SessionId;
  readonly identity: Identity;
  readonly socket: ClientSocket<Frame>;
  readonly dialect: Dialect<Frame>;
  readonly services: ConnectionServices;
  /** Called once, when the connection is over; `left` resolves when all that it began is finished and reported. */
  onEnd(left: Promise<void>, reason: EndedFor): void;
}

/** Why a connection ended: our reason, or that the client or the network ended it. */
export type EndedFor = CloseReason | 'client_left';

type State = 'opening' | 'open' | 'closed';

interface HeldEvent {
  readonly event: ServerEvent;
  readonly source: EventSource;
}

const SUBSCRIBE_PATIENCE_MS = 2000;
const MAX_HELD_EVENTS = 256;

const actorOf = ({ userId, name, avatar, role, deviceId }: Identity, sessionId: SessionId): Actor => ({
  userId,
  name,
  avatar,
  role,
  deviceId,
  sessionId,
});

/**
 * One socket of one user, from its admission to its last report (invariant 7): it hears its user's channel first and
 * holds what it hears, then learns the snapshot, then passes on what was held and what comes. Its parts are given itself, and no
 * functions of its own: there are as many as connections.
 */
export class Connection<Frame> implements SocketListener<Frame>, Companion, Outlet<Frame>, Asker {
  expiresAt: number;
  readonly #session: OpenedSession;
  readonly #socket: ClientSocket<Frame>;
  readonly #dialect: Dialect<Frame>;
  readonly #services: ConnectionServices;
  readonly #onEnd: (left: Promise<void>, reason: EndedFor) => void;
  readonly #receiver: Receiver<Frame>;
  readonly #deliverer: Deliverer<Frame>;
  readonly #subscription: Subscription;
  readonly #opening: Promise<void>;
  #catchingUp: Promise<void> | null = null;
  #state: State = 'opening';
  #held: HeldEvent[] = [];
  #needsSnapshot = false;
  #wasReported = false;

  constructor({ sessionId, identity, socket, dialect, services, onEnd }: ConnectionOptions<Frame>) {
    const { userId, deviceId } = identity;
    const session = { sessionId, userId, deviceId, hears: 'calls' } as const;
    this.#session = session;
    this.#socket = socket;
    this.#dialect = dialect;
    this.#services = services;
    this.#onEnd = onEnd;
    this.expiresAt = identity.expiresAt;
    this.#deliverer = new Deliverer({ session, dialect, services, outlet: this });
    this.#receiver = new Receiver({ actor: actorOf(identity, sessionId), dialect, services, asker: this });
    this.#subscription = services.subscriber.subscribe(userId, (event) => this.#hear(event));
    services.presence.enter(sessionId, userId);
    this.#opening = this.#open();
  }

  get sessionId(): SessionId {
    return this.#session.sessionId;
  }

  get userId(): UserId {
    return this.#session.userId;
  }

  /** What waits to be written to it, in bytes. */
  get queuedBytes(): number {
    return this.#socket.queuedBytes();
  }

  onFrame(frame: Frame, acknowledge: Acknowledge | null): void {
    if (!this.isClosed()) this.#receiver.receive(frame, acknowledge);
  }

  onClose(reason: CloseReason | null): void {
    this.#end(reason ?? 'client_left');
  }

  /** Says why, then closes the socket. */
  close(reason: CloseReason): void {
    if (this.isClosed()) return;
    const frame = this.#dialect.closing(reason, reconnectDelayMs());
    if (frame !== null) this.#socket.write(frame);
    this.#end(reason);
    this.#socket.close(reason);
  }

  get isIdle(): boolean {
    return this.#receiver.isIdle;
  }

  async answered(): Promise<void> {
    await this.#opening;
    await this.#receiver.drained();
  }

  /** Asks for a new snapshot, once the connection is open, until it gets one. */
  refresh(): void {
    this.#needsSnapshot = true;
    this.catchUp();
  }

  /** Asks again where an earlier refresh got no answer. */
  catchUp(): void {
    if (!this.#needsSnapshot || this.#state !== 'open' || this.#catchingUp !== null) return;
    this.#catchingUp = this.#refreshUntilTold().finally(() => {
      this.#catchingUp = null;
    });
  }

  write(frame: Frame): boolean {
    const isWritten = this.#socket.write(frame);
    this.#closeIfTooSlow();
    return isWritten && !this.isClosed();
  }

  probe(onSign: () => void): void {
    this.#socket.probe(() => {
      if (!this.isClosed()) onSign();
    });
  }

  noteEnding(callId: CallId, reply: CommandReply): void {
    if (reply.ok) this.#deliverer.trust(callId);
    else if (reply.error.code === 'service_error') this.#deliverer.doubt(callId);
  }

  answer(reply: Reply, asked: Asked, acknowledge: Acknowledge | null): void {
    if (this.isClosed()) return;
    const answer = this.#dialect.answer(reply, asked, acknowledge !== null);
    if (answer !== null && 'frame' in answer) this.#socket.write(answer.frame);
    else if (answer !== null) acknowledge?.(answer.acknowledgement);
    this.#closeIfTooSlow();
    if (reply.ok && reply.call !== null) this.#deliverer.noteAnswered(reply.call);
    if (this.#state === 'open') this.#releaseHeld();
  }

  async refreshToken(token: string): Promise<Reply> {
    const identity = await this.#services.authenticate(token);
    if (identity === 'unavailable') return { ok: false, error: refusal('service_error') };
    if (identity === 'unauthenticated' || identity.userId !== this.#session.userId) return { ok: false, error: refusal('unauthenticated') };
    this.expiresAt = Math.max(this.expiresAt, identity.expiresAt);
    return { ok: true, call: null };
  }

  isClosed(): boolean {
    return this.#state === 'closed';
  }

  async #open(): Promise<void> {
    await heardWithin(this.#subscription, SUBSCRIBE_PATIENCE_MS, () => this.refresh());
    if (!(await openPatiently(this.#asOpening()))) return this.close('unavailable');
    if (!this.isClosed()) {
      this.#state = 'open';
      this.#releaseHeld();
    }
    this.#receiver.release();
    this.catchUp();
  }

  async #refreshUntilTold(): Promise<void> {
    let isAnswered = true;
    while (isAnswered && this.#needsSnapshot && !this.isClosed()) {
      this.#needsSnapshot = false;
      await heardWithin(this.#subscription, SUBSCRIBE_PATIENCE_MS, () => this.refresh());
      isAnswered = this.isClosed() || (await this.#learnSnapshot()) === 'admitted';
    }
    if (!isAnswered) this.#needsSnapshot = true;
  }

  #asOpening(): Opening {
    return {
      attempt: () => this.#learnSnapshot(),
      refuseWaiting: () => this.#receiver.refuseAll(),
      isClosed: () => this.isClosed(),
    };
  }

  /** Reports the session as open and tells what came back. */
  async #learnSnapshot(): Promise<'admitted' | NotAdmitted> {
    const { reports } = this.#services;
    if (!this.#wasReported && !reports.hasRoom()) return 'unreachable';
    this.#wasReported = true;
    const admission = await reports.opened(this.#session);
    if (typeof admission === 'string') return admission;
    if (admission.refused) this.close('too_many_connections');
    this.#deliverer.noteSnapshot();
    for (const event of admission.events) {
      if (this.isClosed()) break;
      this.#tell({ event, source: 'snapshot' });
    }
    return 'admitted';
  }

  #hear(event: ServerEvent): void {
    if (this.#state === 'opening') this.#hold({ event, source: 'live' });
    else if (this.#state === 'open') this.#tell({ event, source: 'live' });
  }

  /** An answer that is under way goes before the events of its call. */
  #tell(heard: HeldEvent): void {
    if (this.#receiver.awaits(heard.event.call)) this.#hold(heard);
    else this.#deliverer.deliver(heard.event, heard.source);
  }

  #hold(heard: HeldEvent): void {
    if (this.#held.length < MAX_HELD_EVENTS) this.#held.push(heard);
    else this.#needsSnapshot = true;
  }

  #releaseHeld(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const heard of held) if (!this.isClosed()) this.#tell(heard);
    this.catchUp();
  }

  #closeIfTooSlow(): void {
    if (this.#socket.queuedBytes() > MAX_QUEUED_BYTES) this.close('too_slow');
  }

  #end(reason: EndedFor): void {
    if (this.isClosed()) return;
    this.#state = 'closed';
    this.#held = [];
    this.#deliverer.end();
    this.#subscription.end();
    this.#services.presence.leave(this.#session.sessionId);
    this.#onEnd(reportClose(this.#finish(), this.#services.reports), reason);
  }

  /** The close is reported last: after the session's own opening, and after the commands that it still had to send. */
  async #finish(): Promise<ClosedSession | null> {
    await this.answered();
    await this.#catchingUp;
    const { sessionId, userId } = this.#session;
    return this.#wasReported ? { sessionId, userId } : null;
  }
}
