import { fullJitter } from '../backoff.ts';
import { asTrunklineError, type TrunklineError } from '../trunkline-error.ts';

export interface SeatsOptions {
  /** MUST keep the order of what is asked about one chat. @throws TrunklineError */
  ask(word: 'join_chat' | 'leave_chat', chatId: string): Promise<unknown>;
  isConnected(): boolean;
  /** A chat could not be joined again: nobody waits for that. */
  onFailed(error: TrunklineError): void;
}

interface SeatOptions extends Pick<SeatsOptions, 'isConnected' | 'onFailed'> {
  ask(): Promise<unknown>;
  /** It is not to be joined any more. */
  onLost(): void;
}

/** What the server answers to who may not join the chat, and may not later. */
const REFUSALS: ReadonlySet<string> = new Set(['unauthorized', 'chat_not_found', 'parse_error']);

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;

/** One chat, from the first `join` until it is left or refused. A later `join` takes another seat. */
class Seat {
  readonly #options: SeatOptions;
  #joining: Promise<void> | null = null;
  #wasJoined = false;
  #isGivenUp = false;
  /** Since it was joined last. */
  #failures = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  join(): Promise<void> {
    clearTimeout(this.#pause);
    this.#joining ??= this.#join().finally(() => {
      this.#joining = null;
    });
    return this.#joining;
  }

  /** What is on its way already is sent again by itself. */
  joinAgain(): void {
    if (this.#joining !== null) return;
    this.join().catch((error: unknown) => {
      if (!this.#isGivenUp) this.#options.onFailed(asTrunklineError(error));
    });
  }

  /** Nothing that is still on its way changes anything. */
  giveUp(): void {
    this.#isGivenUp = true;
    clearTimeout(this.#pause);
  }

  async #join(): Promise<void> {
    try {
      await this.#options.ask();
      this.#wasJoined = true;
      this.#failures = 0;
    } catch (error) {
      if (!this.#isGivenUp) this.#notJoined(asTrunklineError(error));
      throw error;
    }
  }

  #notJoined({ code }: TrunklineError): void {
    if (!this.#wasJoined || REFUSALS.has(code)) return this.#options.onLost();
    const pause = fullJitter(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures));
    this.#failures += 1;
    this.#pause = setTimeout(() => {
      // Without a connection, the next one joins it.
      if (this.#options.isConnected()) this.joinAgain();
    }, pause);
  }
}

/** The chats that are joined: each again with every connection, until it is left or refused. */
export class Seats {
  readonly #options: SeatsOptions;
  readonly #seats = new Map<string, Seat>();

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  /** @throws TrunklineError */
  join(chatId: string): Promise<void> {
    const seat = this.#seats.get(chatId) ?? this.#newSeat(chatId);
    this.#seats.set(chatId, seat);
    return seat.join();
  }

  /** @throws TrunklineError */
  async leave(chatId: string): Promise<void> {
    this.#seats.get(chatId)?.giveUp();
    this.#seats.delete(chatId);
    await this.#options.ask('leave_chat', chatId);
  }

  /** There is a connection, which has joined nothing. */
  connected(): void {
    for (const seat of this.#seats.values()) seat.joinAgain();
  }

  close(): void {
    for (const seat of this.#seats.values()) seat.giveUp();
    this.#seats.clear();
  }

  #newSeat(chatId: string): Seat {
    const { ask, isConnected, onFailed } = this.#options;
    return new Seat({ ask: () => ask('join_chat', chatId), isConnected, onFailed, onLost: () => this.#seats.delete(chatId) });
  }
}
