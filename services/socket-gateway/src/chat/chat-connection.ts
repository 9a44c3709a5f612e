import type { Subscriber, Subscription } from '@trunkline/bus';
import {
  type ChatEvent,
  type ChatId,
  type ClosedSession,
  type CloseReason,
  refusal,
  type SessionId,
  type UnreadChat,
  type UserId,
} from '@trunkline/contract';
import type { Identity } from '@trunkline/service-kit';
import type { Authenticate } from '../authenticate.ts';
import type { Companion } from '../companions.ts';
import type { EndedFor } from '../connection.ts';
import type { DatabaseClock } from '../database-clock.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { type ChatAnswer, type ChatTelling, otsy } from '../dialects/otsy.ts';
import type { GatewayMetrics } from '../gateway-metrics.ts';
import { type Opening, openPatiently } from '../open-patiently.ts';
import type { Presence } from '../presence.ts';
import { reconnectDelayMs } from '../reconnect-delay.ts';
import { type NotAdmitted, reportClose, type SessionReports } from '../session-reports.ts';
import type { RoomListener, RoomSocket } from '../transports/room-socket.ts';
import { type Acknowledge, MAX_QUEUED_BYTES } from '../transports/transport.ts';
import { ChatActions } from './chat-actions.ts';
import type { SendChatCommand } from './chat-command-sender.ts';
import { ChatDeliverer } from './chat-deliverer.ts';
import type { ChatMembers } from './chat-members.ts';
import { ChatReceiver } from './chat-receiver.ts';
import { ChatRefresh } from './chat-refresh.ts';
import { ChatSeats, type SeenJoining } from './chat-seats.ts';
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

const MAX_HELD_EVENTS = 256;

/**
 * One socket of one user on `/chat`, from its admission to its last report. It hears its user's chats first and holds
 * what it hears, is reported as open, says so to the client, and then acts.
 */
export class ChatConnection implements RoomListener, Companion {
  expiresAt: number;
  readonly #options: ChatConnectionOptions;
  readonly #receiver: ChatReceiver;
  readonly #deliverer: ChatDeliverer;
  readonly #seats: ChatSeats;
  readonly #typingWatch: TypingWatch;
  readonly #subscription: Subscription;
  readonly #refresh: ChatRefresh;
  readonly #opening: Promise<void>;
  #state: State = 'opening';
  #held: ChatEvent[] = [];

  constructor(options: ChatConnectionOptions) {
    const { sessionId, identity, socket, services } = options;
    const { userId, name, avatar, role, deviceId } = identity;
    this.#options = options;
    this.expiresAt = identity.expiresAt;
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
      isUnsure: () => this.#refresh.isUnsure,
    });
    this.#typingWatch = new TypingWatch(this.#tellSilent);
    this.#subscription = services.subscriber.subscribeToChats(userId, this.#hear);
    this.#refresh = new ChatRefresh({
      session: { sessionId, userId, deviceId },
      reports: services.reports,
      clock: services.clock,
      subscription: this.#subscription,
      deliverer: this.#deliverer,
      isOpen: () => this.#state === 'open',
      refuse: () => this.close('too_many_connections'),
    });
    services.presence.enter(sessionId, userId);
    this.#opening = this.#open();
  }

  get sessionId(): SessionId {
    return this.#options.sessionId;
  }

  get userId(): UserId {
    return this.#options.identity.userId;
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
    if (event === 'user_joined') this.#seats.meet(body as SeenJoining);
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

  get isIdle(): boolean {
    return this.#receiver.isIdle;
  }

  async answered(): Promise<void> {
    await this.#opening;
    await this.#receiver.drained();
  }

  /** Anything may have been missed, the opening of this session included: reports it anew, and looks for what is missing. */
  refresh(): void {
    this.#refresh.refresh();
  }

  /** Does what an earlier refresh could not. */
  catchUp(): void {
    this.#refresh.catchUp();
  }

  async #open(): Promise<void> {
    await this.#refresh.heard();
    if (!(await openPatiently(this.#asOpening()))) return this.close('unavailable');
    this.#receiver.release();
    this.#refresh.catchUp();
  }

  #asOpening(): Opening {
    return { attempt: () => this.#admit(), refuseWaiting: () => this.#receiver.refuseAll(), isClosed: this.#isClosed };
  }

  async #admit(): Promise<'admitted' | NotAdmitted> {
    const admission = await this.#refresh.report();
    if (typeof admission === 'string') return admission;
    if (!this.#isClosed()) this.#greet(admission.unread ?? []);
    return 'admitted';
  }

  #greet(unread: readonly UnreadChat[]): void {
    const { userId, role } = this.#options.identity;
    this.#state = 'open';
    this.#tell({ type: 'connected', userId, role, at: this.#now() });
    if (unread.length > 0) this.#tell({ type: 'unread', chats: unread });
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#hear(event);
  }

  readonly #hear = (event: ChatEvent): void => {
    if (this.#isClosed()) return;
    if (this.#state === 'open') this.#take(event);
    else if (this.#held.length < MAX_HELD_EVENTS) this.#held.push(event);
    else this.#refresh.refresh();
  };

  #take(event: ChatEvent): void {
    if (event.type === 'message_sent') this.#doubt(event.message.chatId);
    if (event.type === 'member_removed') this.#options.services.members.forget(event.chatId);
    this.#deliverer.hear(event);
    if (event.type !== 'member_removed') return;
    this.#seats.dismiss(event.chatId, event.userId);
    if (event.userId === this.#options.identity.userId) this.#deliverer.forget(event.chatId);
  }

  /** While the bus has a gap, what came before the first message of a chat may be missing. */
  #doubt(chatId: ChatId): void {
    if (!this.#deliverer.knows(chatId) && !this.#options.services.subscriber.isHearing()) this.#refresh.refresh();
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
    this.expiresAt = Math.max(this.expiresAt, identity.expiresAt);
    return { ok: true, done: 'nothing to tell' };
  };

  readonly #now = (): number => this.#options.services.clock.now() ?? Date.now();

  #closeIfTooSlow(): void {
    if (this.#options.socket.queuedBytes() > MAX_QUEUED_BYTES) this.close('too_slow');
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
    await this.answered();
    await this.#refresh.settled();
    const { sessionId, identity } = this.#options;
    if (!this.#refresh.wasReported) return null;
    return { sessionId, userId: identity.userId, ...(reason === 'silent' ? { wasSilent: true } : {}) };
  }
}
