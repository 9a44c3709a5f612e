import type { Subscriber, Subscription } from '@trunkline/bus';
import {
  type ChatEvent,
  type ClosedSession,
  type CloseReason,
  refusal,
  type SessionId,
  type UnreadChat,
  type UserId,
} from '@trunkline/contract';
import type { Identity } from '@trunkline/service-kit';
import type { Authenticate } from '../authenticate.ts';
import { ANSWERS_PATIENCE_MS, type EndedFor } from '../connection.ts';
import type { DatabaseClock } from '../database-clock.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { type ChatAnswer, type ChatTelling, otsy } from '../dialects/otsy.ts';
import type { GatewayMetrics } from '../gateway-metrics.ts';
import { heardWithin } from '../heard-within.ts';
import type { Presence } from '../presence.ts';
import { reconnectDelayMs } from '../reconnect-delay.ts';
import { reportClose, type SessionReports } from '../session-reports.ts';
import { settledWithin } from '../settled-within.ts';
import type { RoomListener, RoomSocket } from '../transports/room-socket.ts';
import { type Acknowledge, MAX_QUEUED_BYTES } from '../transports/transport.ts';
import { ChatActions } from './chat-actions.ts';
import type { SendChatCommand } from './chat-command-sender.ts';
import { ChatDeliverer } from './chat-deliverer.ts';
import type { ChatMembers } from './chat-members.ts';
import { ChatReceiver } from './chat-receiver.ts';
import { ChatSeats } from './chat-seats.ts';
import { type SeenTyping, TypingWatch } from './typing-watch.ts';

/** What all chat sessions of a gateway share. */
export interface ChatServices {
  readonly sendChatCommand: SendChatCommand;
  readonly members: ChatMembers;
  readonly reports: SessionReports;
  readonly subscriber: Subscriber;
  readonly presence: Presence;
  readonly clock: DatabaseClock;
  readonly authenticate: Authenticate;
  readonly commandsPerSecond: number;
  readonly metrics: Pick<GatewayMetrics, 'commands' | 'commandSeconds' | 'commandsOverLimit'>;
}

export interface ChatConnectionOptions {
  readonly sessionId: SessionId;
  readonly identity: Identity;
  readonly socket: RoomSocket;
  readonly services: ChatServices;
  /** Called once, when the connection is over; `left` resolves when all that it began is finished and reported. */
  onEnd(left: Promise<void>, reason: EndedFor): void;
}

type State = 'opening' | 'open' | 'closed';

const SUBSCRIBE_PATIENCE_MS = 2000;
const MAX_HELD_EVENTS = 256;

/**
 * One socket of one user on `/chat`, from its admission to its last report. It hears its user's chats first and holds
 * what it hears, is reported as open, says so to the client, and then acts.
 */
export class ChatConnection implements RoomListener {
  readonly #options: ChatConnectionOptions;
  readonly #receiver: ChatReceiver;
  readonly #deliverer: ChatDeliverer;
  readonly #seats: ChatSeats;
  readonly #typingWatch: TypingWatch;
  readonly #subscription: Subscription;
  readonly #opening: Promise<void>;
  #reporting: Promise<void> | null = null;
  #state: State = 'opening';
  #expiresAt: number;
  #held: ChatEvent[] = [];
  /** Kept from the report until the greeting. */
  #unread: readonly UnreadChat[] = [];
  #needsReport = false;
  #wasReported = false;

  constructor(options: ChatConnectionOptions) {
    const { sessionId, identity, socket, services } = options;
    const { userId, name, avatar, role, deviceId } = identity;
    this.#options = options;
    this.#expiresAt = identity.expiresAt;
    this.#seats = new ChatSeats({ userId, socket, now: this.#now });
    const actions = new ChatActions({
      actor: { userId, name, avatar, role, deviceId, sessionId },
      sendCommand: services.sendChatCommand,
      members: services.members,
      seats: this.#seats,
      deliverer: () => this.#deliverer,
      refreshToken: this.#refreshToken,
      isOver: this.#isClosed,
    });
    this.#receiver = new ChatReceiver({
      commandsPerSecond: services.commandsPerSecond,
      metrics: services.metrics,
      act: actions.act,
      answer: this.#answer,
      close: this.close,
    });
    this.#deliverer = new ChatDeliverer({
      tell: this.#tell,
      read: actions.read,
      awaits: (chatId) => this.#receiver.awaits(chatId),
    });
    this.#typingWatch = new TypingWatch(this.#tellSilent);
    this.#subscription = services.subscriber.subscribeToChats(userId, this.#hear);
    services.presence.enter(sessionId, userId);
    this.#opening = this.#open();
  }

  get sessionId(): SessionId {
    return this.#options.sessionId;
  }

  get userId(): UserId {
    return this.#options.identity.userId;
  }

  /** When the token ends, in epoch milliseconds. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** What waits to be written to it, in bytes. */
  get queuedBytes(): number {
    return this.#options.socket.queuedBytes();
  }

  onFrame(frame: EventFrame, acknowledge: Acknowledge | null): void {
    if (!this.#isClosed()) this.#receiver.receive(frame, acknowledge);
  }

  onTold({ event, body }: EventFrame): void {
    if (this.#isClosed()) return;
    if (event === 'typing_indicator') {
      const seen = body as SeenTyping & { action: 'start' | 'stop' };
      this.#typingWatch.see(seen, seen.action === 'start');
    }
    this.#closeIfTooSlow();
  }

  onClose(reason: CloseReason | null): void {
    this.#end(reason ?? 'client_left');
  }

  /** Says why, then closes the socket. */
  readonly close = (reason: CloseReason): void => {
    if (this.#isClosed()) return;
    const { socket } = this.#options;
    socket.write(otsy.closing(reason, reconnectDelayMs()));
    this.#end(reason);
    socket.close(reason);
  };

  /** Closes it when what its client asked is answered, or takes too long. */
  sendAway(reason: CloseReason): void {
    if (this.#receiver.isIdle) this.close(reason);
    else void settledWithin(this.#answered(), ANSWERS_PATIENCE_MS).then(() => this.close(reason));
  }

  /** Anything may have been missed, the opening of this session included: reports it anew, and looks for what is missing. */
  readonly refresh = (): void => {
    this.#needsReport = true;
    this.catchUp();
  };

  /** Does what an earlier refresh could not. */
  catchUp(): void {
    if (this.#state !== 'open' || this.#reporting !== null) return;
    this.#reporting = this.#refreshUntilDone().finally(() => {
      this.#reporting = null;
    });
  }

  async #open(): Promise<void> {
    await heardWithin(this.#subscription, SUBSCRIBE_PATIENCE_MS, this.refresh);
    if (!this.#isClosed() && !(await this.#report())) {
      this.#receiver.refuseAll();
      this.close('unavailable');
      return;
    }
    if (!this.#isClosed()) this.#greet();
    this.#receiver.release();
    if (this.#needsReport) this.catchUp();
  }

  #greet(): void {
    const { userId, role } = this.#options.identity;
    this.#state = 'open';
    this.#tell({ type: 'connected', userId, role, at: this.#now() });
    if (this.#unread.length > 0) this.#tell({ type: 'unread', chats: this.#unread });
    this.#unread = [];
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#hear(event);
  }

  async #refreshUntilDone(): Promise<void> {
    let isAnswered = true;
    while (isAnswered && this.#needsReport && !this.#isClosed()) {
      this.#needsReport = false;
      await heardWithin(this.#subscription, SUBSCRIBE_PATIENCE_MS, this.refresh);
      isAnswered = this.#isClosed() || (await this.#report());
      if (isAnswered && !this.#isClosed()) await this.#deliverer.checkAll();
    }
    if (!isAnswered) this.#needsReport = true;
    else await this.#deliverer.checkBehind();
  }

  /** Reports the session as open; false when no call-service answered. */
  async #report(): Promise<boolean> {
    const { sessionId, identity, services } = this.#options;
    const { userId, deviceId } = identity;
    if (!this.#wasReported && !services.reports.hasRoom()) return false;
    this.#wasReported = true;
    const admission = await services.reports.opened({ sessionId, userId, deviceId, hears: 'chats' });
    this.#unread = this.#state === 'opening' ? (admission?.unread ?? []) : [];
    if (admission?.refused === true) this.close('too_many_connections');
    return admission !== null;
  }

  readonly #hear = (event: ChatEvent): void => {
    if (this.#isClosed()) return;
    if (this.#state === 'open') this.#take(event);
    else if (this.#held.length < MAX_HELD_EVENTS) this.#held.push(event);
    else this.#needsReport = true;
  };

  #take(event: ChatEvent): void {
    if (event.type === 'member_removed') this.#options.services.members.forget(event.chatId);
    this.#deliverer.hear(event);
    if (event.type !== 'member_removed' || event.userId !== this.#options.identity.userId) return;
    this.#seats.giveUp(event.chatId);
    this.#deliverer.forget(event.chatId);
  }

  readonly #tell = (telling: ChatTelling): void => {
    if (!this.#isClosed()) this.#options.socket.write(otsy.encode(telling, this.#options.identity.userId));
  };

  readonly #tellSilent = ({ chatId, userId }: SeenTyping): void => {
    this.#options.socket.write({ event: 'typing_indicator', body: { chatId, userId, action: 'stop' } });
  };

  readonly #answer = (given: ChatAnswer, acknowledge: Acknowledge | null): void => {
    if (this.#isClosed()) return;
    const answer = otsy.answer(given, this.#options.identity.userId, acknowledge !== null);
    if (answer !== null && 'frame' in answer) this.#options.socket.write(answer.frame);
    else if (answer !== null) acknowledge?.(answer.acknowledgement);
    this.#closeIfTooSlow();
    if (this.#state === 'open') this.#deliverer.release();
  };

  readonly #refreshToken = async (token: string): Promise<ChatAnswer> => {
    const identity = await this.#options.services.authenticate(token);
    if (identity === 'unavailable') return { ok: false, error: refusal('service_error') };
    if (identity === 'unauthenticated' || identity.userId !== this.#options.identity.userId)
      return { ok: false, error: refusal('unauthenticated') };
    this.#expiresAt = Math.max(this.#expiresAt, identity.expiresAt);
    return { ok: true, done: 'nothing to tell' };
  };

  readonly #now = (): number => this.#options.services.clock.now() ?? Date.now();

  #closeIfTooSlow(): void {
    if (this.#options.socket.queuedBytes() > MAX_QUEUED_BYTES) this.close('too_slow');
  }

  async #answered(): Promise<void> {
    await this.#opening;
    await this.#receiver.drained();
  }

  readonly #isClosed = (): boolean => this.#state === 'closed';

  #end(reason: EndedFor): void {
    if (this.#isClosed()) return;
    const { services, sessionId, onEnd } = this.#options;
    this.#state = 'closed';
    this.#held = [];
    this.#typingWatch[Symbol.dispose]();
    this.#deliverer.end();
    this.#seats.leaveAll();
    this.#subscription.end();
    services.presence.leave(sessionId);
    onEnd(reportClose(this.#finish(reason), services.reports), reason);
  }

  /** The close is reported last: after the session's own opening, and after what it still had to send. */
  async #finish(reason: EndedFor): Promise<ClosedSession | null> {
    await this.#answered();
    await this.#reporting;
    const { sessionId, identity } = this.#options;
    if (!this.#wasReported) return null;
    return { sessionId, userId: identity.userId, ...(reason === 'silent' ? { wasSilent: true } : {}) };
  }
}
