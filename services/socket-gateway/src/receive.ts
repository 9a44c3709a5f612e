import { randomUUID } from 'node:crypto';
import {
  type Actor,
  type Call,
  CallId,
  type CloseReason,
  type Command,
  type CommandReply,
  type CommandType,
  type ErrorCode,
  refusal,
  uuidv7,
} from '@trunkline/contract';
import { Backlog } from './backlog.ts';
import { CommandLimit, PAST_LIMIT } from './command-limit.ts';
import type { OutgoingCommand, SendCommand } from './command-sender.ts';
import type { Asked, Decoded, Dialect, Reply } from './dialects/dialect.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { QualityLimit } from './quality-limit.ts';
import { createSignalLimit } from './signal-limit.ts';
import type { TokenBucket } from './token-bucket.ts';
import type { Acknowledge } from './transports/transport.ts';

/** A ring or an accept that comes later than this surprises people; what ends a call counts at any age. */
const STALE_AFTER_MS = 4000;
const GROWS_STALE: ReadonlySet<Command['type']> = new Set(['place_call', 'accept_call']);

interface Pending {
  readonly outgoing: OutgoingCommand;
  readonly asked: Asked;
  readonly acknowledge: Acknowledge | null;
  /** By `performance.now()`. */
  readonly takenAt: number;
}

/** What a frame meant, for the count of frames. */
type Meaning = CommandType | 'refresh_token' | 'nothing' | 'unreadable';

/** What all receivers of a gateway share. */
export interface ReceiverServices {
  readonly commandsPerSecond: number;
  readonly sendCommand: SendCommand;
  readonly metrics: Pick<GatewayMetrics, 'commands' | 'commandSeconds' | 'commandsOverLimit'>;
}

/** Whose commands they are. */
export interface Asker {
  /** Hears what became of a command that ends a call, before that is answered. */
  noteEnding(callId: CallId, reply: CommandReply): void;
  answer(reply: Reply, asked: Asked, acknowledge: Acknowledge | null): void;
  refreshToken(token: string): Promise<Reply>;
  close(reason: CloseReason): void;
  /** Whether nobody waits for the answers any more. */
  isClosed(): boolean;
}

export interface ReceiverOptions<Frame> {
  readonly actor: Actor;
  readonly dialect: Dialect<Frame>;
  readonly services: ReceiverServices;
  readonly asker: Asker;
}

const NOTHING_SENT = Promise.resolve();

const callIdOf = ({ command, mintedCallId }: OutgoingCommand): CallId | null => command.callId ?? mintedCallId;

const meaningOf = (decoded: Decoded): Meaning => {
  if ('refreshToken' in decoded) return 'refresh_token';
  return 'command' in decoded ? (decoded.command?.type ?? 'nothing') : 'unreadable';
};

type Ending = Extract<Command, { type: 'reject_call' | 'cancel_call' | 'end_call' }>;

const isEnding = (command: Command): command is Ending =>
  command.type === 'reject_call' || command.type === 'cancel_call' || command.type === 'end_call';

/** How much text it holds, about. */
const textIn = (command: Command): number => (command.type === 'relay_signal' ? JSON.stringify(command.signal).length : 0);

/** A place may become part of a call that the other person is placing (glare), whose id is not known here. */
const mayConcern = ({ actor, command }: OutgoingCommand, { callerId, calleeId }: Call): boolean =>
  command.type === 'place_call' &&
  ((callerId === actor.userId && calleeId === command.calleeId) || (callerId === command.calleeId && calleeId === actor.userId));

/**
 * Takes the frames of one connection and sends its commands strictly one after another. Commands wait until `release`; those that
 * were taken are sent even when the socket has closed meanwhile, because a last cancel counts; only a place then rings nobody.
 */
export class Receiver<Frame> {
  readonly #actor: Actor;
  readonly #dialect: Dialect<Frame>;
  readonly #services: ReceiverServices;
  readonly #asker: Asker;
  /** Most sessions ask for nothing and have no call, so these are made when they are needed. */
  #limit: CommandLimit | null = null;
  #backlog: Backlog<Pending> | null = null;
  #qualityLimit: QualityLimit | null = null;
  #signalLimit: TokenBucket | null = null;
  #current: Pending | null = null;
  #isReleased = false;
  #isSending = false;
  #sending: Promise<void> = NOTHING_SENT;

  constructor({ actor, dialect, services, asker }: ReceiverOptions<Frame>) {
    this.#actor = actor;
    this.#dialect = dialect;
    this.#services = services;
    this.#asker = asker;
  }

  receive(frame: Frame, acknowledge: Acknowledge | null): void {
    const { commandsPerSecond, metrics } = this.#services;
    const dialect = this.#dialect;
    const takenAt = performance.now();
    this.#limit ??= new CommandLimit(commandsPerSecond);
    const verdict = this.#limit.take(takenAt);
    if (verdict !== 'within') metrics.commandsOverLimit.inc({ dialect: dialect.name, limit: PAST_LIMIT[verdict] });
    if (verdict === 'flooding') return this.#asker.close('flooding');
    const decoded = dialect.decode(frame);
    if (verdict !== 'over') this.#take(decoded, acknowledge, takenAt);
    else this.#refuse('rate_limited', meaningOf(decoded), decoded.asked, acknowledge);
  }

  /** Lets the commands go. */
  release(): void {
    this.#isReleased = true;
    this.#send();
  }

  /** Answers every command that waits with `service_error`. */
  refuseAll(): void {
    for (const { outgoing, asked, acknowledge } of this.#backlog?.clear() ?? [])
      this.#refuse('service_error', outgoing.command.type, asked, acknowledge);
  }

  /** Whether a command about this call is under way: its answer comes before the events that it causes. */
  awaits(call: Call): boolean {
    if (this.#current === null) return false;
    const { outgoing } = this.#current;
    const asked = callIdOf(outgoing);
    return (asked !== null && (asked === call.id || asked === call.calleeAlias)) || mayConcern(outgoing, call);
  }

  /** Whether no command waits for its answer. */
  get isIdle(): boolean {
    return !this.#hasWaiting && !this.#isSending;
  }

  /** Resolves when every released command has been answered. */
  drained(): Promise<void> {
    return this.#sending;
  }

  #answer(reply: Reply, command: Meaning, asked: Asked, acknowledge: Acknowledge | null): void {
    this.#asker.answer(reply, asked, acknowledge);
    this.#services.metrics.commands.inc({ command, dialect: this.#dialect.name, outcome: reply.ok ? 'ok' : reply.error.code });
  }

  #refuse(code: ErrorCode, command: Meaning, asked: Asked, acknowledge: Acknowledge | null): void {
    this.#answer({ ok: false, error: refusal(code, { callId: asked.callId ?? undefined }) }, command, asked, acknowledge);
  }

  #take(decoded: Decoded, acknowledge: Acknowledge | null, takenAt: number): void {
    const { asked } = decoded;
    const meaning = meaningOf(decoded);
    if ('refused' in decoded) this.#answer({ ok: false, error: decoded.refused }, meaning, asked, acknowledge);
    else if ('refreshToken' in decoded)
      void this.#asker.refreshToken(decoded.refreshToken).then((reply) => this.#answer(reply, meaning, asked, acknowledge));
    else if (decoded.command?.type === 'relay_signal' && !this.#maySignal(takenAt))
      this.#refuse('rate_limited', meaning, asked, acknowledge);
    else if (decoded.command !== null && this.#goesOn(decoded.command)) this.#queue(decoded.command, asked, acknowledge, takenAt);
    else this.#answer({ ok: true, call: null }, meaning, asked, acknowledge);
  }

  #maySignal(now: number): boolean {
    this.#signalLimit ??= createSignalLimit();
    return this.#signalLimit.take(now);
  }

  #goesOn(command: Command): boolean {
    if (command.type !== 'report_quality') return true;
    this.#qualityLimit ??= new QualityLimit();
    return this.#qualityLimit.passes(command.callId, performance.now());
  }

  #queue(command: Command, asked: Asked, acknowledge: Acknowledge | null, takenAt: number): void {
    const needsCallId = command.type === 'place_call' && command.callId === undefined;
    const outgoing: OutgoingCommand = {
      commandId: randomUUID(),
      actor: this.#actor,
      command,
      mintedCallId: needsCallId ? CallId.parse(uuidv7()) : null,
      requestId: asked.requestId,
      wantsAnswer: acknowledge !== null || asked.requestId !== null || asked.calleeId !== undefined,
      dialect: this.#dialect.name,
    };
    this.#backlog ??= new Backlog(this.#services.commandsPerSecond);
    if (this.#backlog.add({ outgoing, asked, acknowledge, takenAt }, textIn(command))) this.#send();
    else this.#refuse('rate_limited', command.type, asked, acknowledge);
  }

  #send(): void {
    if (this.#isReleased && !this.#isSending && this.#hasWaiting) this.#sending = this.#sendAll();
  }

  get #hasWaiting(): boolean {
    return this.#backlog !== null && !this.#backlog.isEmpty;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#backlog?.next(); next !== undefined; next = this.#backlog?.next()) {
      this.#current = next;
      const { outgoing, asked, acknowledge, takenAt } = next;
      const { command } = outgoing;
      const reply = await this.#services.sendCommand(outgoing, () => this.#isWanted(command, takenAt));
      this.#current = null;
      if (!reply.ok && command.type === 'report_quality') this.#qualityLimit?.forget(command.callId);
      if (isEnding(command)) this.#asker.noteEnding(command.callId, reply);
      this.#answer(reply, command.type, asked, acknowledge);
      this.#services.metrics.commandSeconds.observe({ command: command.type }, (performance.now() - takenAt) / 1000);
    }
    this.#isSending = false;
  }

  #isWanted({ type }: Command, takenAt: number): boolean {
    if (type === 'place_call' && this.#asker.isClosed()) return false;
    return !GROWS_STALE.has(type) || performance.now() - takenAt <= STALE_AFTER_MS;
  }
}
