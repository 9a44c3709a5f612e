import { randomUUID } from 'node:crypto';
import { type Actor, type Call, CallId, type CloseReason, type Command, type ErrorCode, refusal, uuidv7 } from '@trunkline/contract';
import { CommandLimit } from './command-limit.ts';
import type { OutgoingCommand, SendCommand } from './command-sender.ts';
import type { Asked, Decoded, Dialect, Reply } from './dialects/dialect.ts';
import { QualityLimit } from './quality-limit.ts';
import type { Acknowledge } from './transports/transport.ts';

const MAX_PENDING = 64;

/** A ring or an accept that comes later than this surprises people; what ends a call counts at any age. */
const STALE_AFTER_MS = 4000;
const GROWS_STALE: ReadonlySet<Command['type']> = new Set(['place_call', 'accept_call']);

interface Pending extends OutgoingCommand {
  readonly asked: Asked;
  readonly acknowledge: Acknowledge | null;
  /** By `performance.now()`. */
  readonly takenAt: number;
}

export interface ReceiverOptions<Frame> {
  readonly actor: Actor;
  readonly dialect: Dialect<Frame>;
  readonly commandsPerSecond: number;
  readonly sendCommand: SendCommand;
  answer(reply: Reply, asked: Asked, acknowledge: Acknowledge | null): void;
  refreshToken(token: string): Promise<Reply>;
  close(reason: CloseReason): void;
  /** Whether nobody waits for the answers any more. */
  isClosed(): boolean;
}

const callIdOf = ({ command, mintedCallId }: OutgoingCommand): CallId | null => command.callId ?? mintedCallId;

/** A place may become part of a call that the other person is placing (glare), whose id is not known here. */
const mayConcern = ({ actor, command }: OutgoingCommand, { callerId, calleeId }: Call): boolean =>
  command.type === 'place_call' &&
  ((callerId === actor.userId && calleeId === command.calleeId) || (callerId === command.calleeId && calleeId === actor.userId));

/**
 * Takes the frames of one connection and sends its commands strictly one after another. Commands wait until `release`; those that
 * were taken are sent even when the socket has closed meanwhile, because a last cancel counts; only a place then rings nobody.
 */
export class Receiver<Frame> {
  readonly #options: ReceiverOptions<Frame>;
  readonly #limit: CommandLimit;
  /** Most sessions have no call, so it is made when it is needed. */
  #qualityLimit: QualityLimit | null = null;
  #pending: Pending[] = [];
  #current: Pending | null = null;
  #isReleased = false;
  #isSending = false;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: ReceiverOptions<Frame>) {
    this.#options = options;
    this.#limit = new CommandLimit(options.commandsPerSecond);
  }

  receive(frame: Frame, acknowledge: Acknowledge | null): void {
    const { dialect, close } = this.#options;
    const verdict = this.#limit.take(performance.now());
    if (verdict === 'flooding') {
      close('flooding');
      return;
    }
    const decoded = dialect.decode(frame);
    if (verdict === 'within' && !this.#isFull()) this.#take(decoded, acknowledge);
    else this.#refuse('rate_limited', decoded.asked, acknowledge);
  }

  /** Lets the commands go. */
  release(): void {
    this.#isReleased = true;
    this.#send();
  }

  /** Answers every command that waits with `service_error`. */
  refuseAll(): void {
    const refused = this.#pending;
    this.#pending = [];
    for (const { asked, acknowledge } of refused) this.#refuse('service_error', asked, acknowledge);
  }

  /** Whether a command about this call is under way: its answer comes before the events that it causes. */
  awaits(call: Call): boolean {
    if (this.#current === null) return false;
    const asked = callIdOf(this.#current);
    return (asked !== null && (asked === call.id || asked === call.calleeAlias)) || mayConcern(this.#current, call);
  }

  /** Resolves when every released command has been answered. */
  drained(): Promise<void> {
    return this.#sending;
  }

  #isFull(): boolean {
    return this.#pending.length + (this.#isSending ? 1 : 0) >= MAX_PENDING;
  }

  #refuse(code: ErrorCode, asked: Asked, acknowledge: Acknowledge | null): void {
    this.#options.answer({ ok: false, error: refusal(code, { callId: asked.callId ?? undefined }) }, asked, acknowledge);
  }

  #take(decoded: Decoded, acknowledge: Acknowledge | null): void {
    const { answer, refreshToken } = this.#options;
    const { asked } = decoded;
    if ('refused' in decoded) answer({ ok: false, error: decoded.refused }, asked, acknowledge);
    else if ('command' in decoded) this.#takeCommand(decoded.command, asked, acknowledge);
    else void refreshToken(decoded.refreshToken).then((reply) => answer(reply, asked, acknowledge));
  }

  #takeCommand(command: Command | null, asked: Asked, acknowledge: Acknowledge | null): void {
    if (command !== null && this.#goesOn(command)) this.#queue(command, asked, acknowledge);
    else this.#options.answer({ ok: true, call: null }, asked, acknowledge);
  }

  #goesOn(command: Command): boolean {
    if (command.type !== 'report_quality') return true;
    this.#qualityLimit ??= new QualityLimit();
    return this.#qualityLimit.passes(command.callId, performance.now());
  }

  #queue(command: Command, asked: Asked, acknowledge: Acknowledge | null): void {
    const { actor, dialect } = this.#options;
    const needsCallId = command.type === 'place_call' && command.callId === undefined;
    this.#pending.push({
      commandId: randomUUID(),
      actor,
      command,
      mintedCallId: needsCallId ? CallId.parse(uuidv7()) : null,
      requestId: asked.requestId,
      wantsAnswer: acknowledge !== null || asked.requestId !== null || asked.calleeId !== undefined,
      dialect: dialect.name,
      asked,
      acknowledge,
      takenAt: performance.now(),
    });
    this.#send();
  }

  #send(): void {
    if (this.#isReleased && !this.#isSending && this.#pending.length > 0) this.#sending = this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.#current = next;
      const { asked, acknowledge, takenAt, ...command } = next;
      const reply = await this.#options.sendCommand(command, () => this.#isWanted(command.command, takenAt));
      this.#current = null;
      if (!reply.ok && next.command.type === 'report_quality') this.#qualityLimit?.forget(next.command.callId);
      this.#options.answer(reply, asked, acknowledge);
    }
    this.#isSending = false;
  }

  #isWanted({ type }: Command, takenAt: number): boolean {
    if (type === 'place_call' && this.#options.isClosed()) return false;
    return !GROWS_STALE.has(type) || performance.now() - takenAt <= STALE_AFTER_MS;
  }
}
