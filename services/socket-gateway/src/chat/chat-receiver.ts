import { type ChatId, type CloseReason, type RequestId, refusal } from '@trunkline/contract';
import { CommandLimit } from '../command-limit.ts';
import type { EventFrame } from '../dialects/dialect.ts';
import { type ChatAnswer, otsy } from '../dialects/otsy.ts';
import type { ChatAsk } from '../dialects/otsy-words.ts';
import type { Acknowledge } from '../transports/transport.ts';

const MAX_PENDING = 64;

interface Pending {
  readonly ask: ChatAsk;
  readonly requestId: RequestId | null;
  readonly acknowledge: Acknowledge | null;
}

export interface ChatReceiverOptions {
  readonly commandsPerSecond: number;
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
  #pending: Pending[] = [];
  #current: ChatAsk | null = null;
  #isReleased = false;
  #acting: Promise<void> = Promise.resolve();

  constructor(options: ChatReceiverOptions) {
    this.#options = options;
    this.#limit = new CommandLimit(options.commandsPerSecond);
  }

  receive(frame: EventFrame, acknowledge: Acknowledge | null): void {
    const { answer, close } = this.#options;
    const verdict = this.#limit.take(performance.now());
    if (verdict === 'flooding') {
      close('flooding');
      return;
    }
    const decoded = otsy.decode(frame);
    if (verdict === 'over' || this.#pending.length >= MAX_PENDING) answer({ ok: false, error: refusal('rate_limited') }, acknowledge);
    else if ('refused' in decoded) answer({ ok: false, error: decoded.refused }, acknowledge);
    else this.#queue({ ask: decoded.ask, requestId: decoded.requestId, acknowledge });
  }

  /** Lets it begin. */
  release(): void {
    this.#isReleased = true;
    this.#start();
  }

  /** Answers everything that waits with `service_error`. */
  refuseAll(): void {
    const refused = this.#pending;
    this.#pending = [];
    for (const { acknowledge } of refused) this.#options.answer({ ok: false, error: refusal('service_error') }, acknowledge);
  }

  /** Whether it is sending to this chat, or joining it: the answer comes before what follows from it. */
  awaits(chatId: ChatId): boolean {
    const current = this.#current;
    return (current?.type === 'send_message' || current?.type === 'join_chat') && current.chatId === chatId;
  }

  /** Resolves when everything that was released is done. */
  drained(): Promise<void> {
    return this.#acting;
  }

  #queue(pending: Pending): void {
    this.#pending.push(pending);
    this.#start();
  }

  #start(): void {
    if (this.#isReleased && this.#current === null && this.#pending.length > 0) this.#acting = this.#actOnAll();
  }

  async #actOnAll(): Promise<void> {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const { ask, requestId, acknowledge } = next;
      this.#current = ask;
      const answer = await this.#options.act(ask, requestId);
      this.#current = null;
      this.#options.answer(answer, acknowledge);
    }
  }
}
