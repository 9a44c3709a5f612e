import { type ChatId, type CloseReason, type RequestId, refusal } from '@trunkline/contract';
import { Backlog } from '../backlog.ts';
import { CommandLimit, PAST_LIMIT } from '../command-limit.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { type ChatAnswer, type ChatRefusal, type DecodedAsk, otsy } from '../dialects/otsy.ts';
import type { ChatAsk, Spelling } from '../dialects/otsy-words.ts';
import type { GatewayMetrics } from '../gateway-metrics.ts';
import type { Acknowledge } from '../transports/transport.ts';

interface Pending {
  readonly ask: ChatAsk;
  readonly requestId: RequestId | null;
  readonly spelling: Spelling;
  readonly acknowledge: Acknowledge | null;
  /** By `performance.now()`. */
  readonly takenAt: number;
}

/** What a frame meant, for the count of frames. */
type Meaning = ChatAsk['type'] | 'unreadable';

/** How much text it holds, about. */
const textIn = (ask: ChatAsk): number => {
  switch (ask.type) {
    case 'send_message':
      return ask.content.length + (ask.attachmentUrl?.length ?? 0) + (ask.metadata == null ? 0 : JSON.stringify(ask.metadata).length);
    case 'mark_read':
      return ask.messageIds.join('').length;
    case 'refresh_token':
      return ask.token.length;
    default:
      return 0;
  }
};

/** What goes no further than this gateway. */
const STAYS_HERE: ReadonlySet<ChatAsk['type']> = new Set(['set_typing', 'refresh_token']);

/** What is answered before anything that follows from it is told. */
const ANSWERED_FIRST: ReadonlySet<ChatAsk['type']> = new Set(['join_chat', 'send_message', 'mark_read']);

const DIALECT = { dialect: otsy.name };

export interface ChatReceiverOptions {
  readonly commandsPerSecond: number;
  readonly metrics: Pick<GatewayMetrics, 'commands' | 'commandSeconds' | 'commandsOverLimit'>;
  /** MUST NOT reject. */
  act(ask: ChatAsk, requestId: RequestId | null): Promise<ChatAnswer>;
  answer(answer: ChatAnswer, acknowledge: Acknowledge | null): void;
  close(reason: CloseReason): void;
}

/**
 * Takes the frames of one connection and acts on them strictly one after another, once it is released. What was taken
 * is done even when the socket has closed meanwhile: a message that was sent last counts.
 */
export class ChatReceiver {
  readonly #options: ChatReceiverOptions;
  readonly #limit: CommandLimit;
  readonly #backlog: Backlog<Pending>;
  #current: ChatAsk | null = null;
  #isReleased = false;
  #acting: Promise<void> = Promise.resolve();

  constructor(options: ChatReceiverOptions) {
    this.#options = options;
    this.#limit = new CommandLimit(options.commandsPerSecond);
    this.#backlog = new Backlog(options.commandsPerSecond);
  }

  receive(frame: EventFrame, acknowledge: Acknowledge | null): void {
    const { metrics, close } = this.#options;
    const takenAt = performance.now();
    const verdict = this.#limit.take(takenAt);
    if (verdict !== 'within') metrics.commandsOverLimit.inc({ ...DIALECT, limit: PAST_LIMIT[verdict] });
    if (verdict === 'flooding') {
      close('flooding');
      return;
    }
    const decoded = otsy.decode(frame);
    const meaning = 'ask' in decoded ? decoded.ask.type : 'unreadable';
    const refused = verdict === 'over' ? refusal('rate_limited') : this.#refusalOf(decoded, acknowledge, takenAt);
    if (refused !== null) this.#answer({ ok: false, error: refused }, meaning, acknowledge);
  }

  /** Lets it begin. */
  release(): void {
    this.#isReleased = true;
    this.#start();
  }

  /** Answers everything that waits with `service_error`. */
  refuseAll(): void {
    for (const { ask, acknowledge } of this.#backlog.clear())
      this.#answer({ ok: false, error: refusal('service_error') }, ask.type, acknowledge);
  }

  /** Whether the answer that is on its way is about this chat, and comes before what happens in it. */
  awaits(chatId: ChatId): boolean {
    const current = this.#current;
    return current !== null && ANSWERED_FIRST.has(current.type) && 'chatId' in current && current.chatId === chatId;
  }

  /** Whether nothing waits for its answer. */
  get isIdle(): boolean {
    return this.#backlog.isEmpty && this.#current === null;
  }

  /** Resolves when everything that was released is done. */
  drained(): Promise<void> {
    return this.#acting;
  }

  #answer(answer: ChatAnswer, command: Meaning, acknowledge: Acknowledge | null): void {
    this.#options.answer(answer, acknowledge);
    this.#options.metrics.commands.inc({ command, ...DIALECT, outcome: answer.ok ? 'ok' : answer.error.code });
  }

  /** Why it is not taken; null: it is. */
  #refusalOf(decoded: DecodedAsk, acknowledge: Acknowledge | null, takenAt: number): ChatRefusal | null {
    if ('refused' in decoded) return decoded.refused;
    const { ask, requestId, spelling } = decoded;
    if (!this.#backlog.add({ ask, requestId, spelling, acknowledge, takenAt }, textIn(ask))) return refusal('rate_limited');
    this.#start();
    return null;
  }

  #start(): void {
    if (this.#isReleased && this.#current === null && !this.#backlog.isEmpty) this.#acting = this.#actOnAll();
  }

  async #actOnAll(): Promise<void> {
    for (let next = this.#backlog.next(); next !== undefined; next = this.#backlog.next()) {
      const { ask, requestId, spelling, acknowledge, takenAt } = next;
      this.#current = ask;
      const answer = await this.#options.act(ask, requestId);
      this.#current = null;
      this.#answer(otsy.asSpelled(answer, spelling), ask.type, acknowledge);
      if (!STAYS_HERE.has(ask.type))
        this.#options.metrics.commandSeconds.observe({ command: ask.type }, (performance.now() - takenAt) / 1000);
    }
  }
}
