import { runArrivals } from '../load/arrivals.ts';
import { Histogram } from '../load/histogram.ts';
import { otsyWire } from '../load/otsy-wire.ts';
import type { Phone } from '../load/phone.ts';
import type { Heard } from '../load/wire.ts';
import { LateCount, type Limit } from './late-count.ts';

/** A chat of two members. */
export interface ChatPair {
  readonly chatId: string;
  readonly members: readonly [Phone, Phone];
}

export interface ChatLoadOptions {
  chats: readonly ChatPair[];
  /** The number of the first message. */
  first: number;
  perSecond: number;
  seconds: number;
  warmUpSeconds: number;
  limit?: Limit | undefined;
  onWindow(edge: 'begins' | 'ends'): void;
  report(line: string): void;
}

export interface ChatLoadResult {
  due: number;
  done: number;
  /** Not acknowledged, or not heard by the other, within 10 seconds of the last one. */
  lost: number;
  /** Heard by the other more than once. */
  doubled: number;
  errors: Record<string, number>;
  doneInWindow: number;
  achievedPerSecond: number;
  legs: Record<string, Histogram>;
  wasHopeless: boolean;
  /** Whether the message of this number was acknowledged. */
  wasStored(number: number): boolean;
}

const STORED_LEG = 'send → ack';
const HEARD_LEG = 'send → new_message';
const STORED = 1;
const HEARD = 2;
const REFUSED = 4;
const DONE = STORED | HEARD;
const PATIENCE_MS = 10_000;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Says messages on a schedule, the chats in turn and their members in turn, without waiting for an answer, and accounts for each. */
class ChatLoad {
  readonly #options: ChatLoadOptions;
  readonly #dueAt: Float64Array;
  readonly #states: Uint8Array;
  readonly #legs = { [STORED_LEG]: new Histogram(), [HEARD_LEG]: new Histogram() };
  readonly #errors: Record<string, number> = {};
  readonly #late: LateCount;
  #due = 0;
  #done = 0;
  #doneInWindow = 0;
  #doubled = 0;
  /** All before it are done, or refused. */
  #oldest = 0;
  #measuredFrom = Number.POSITIVE_INFINITY;
  #inWindow = false;

  constructor(options: ChatLoadOptions) {
    const { perSecond, seconds, warmUpSeconds, limit, chats } = options;
    this.#options = options;
    const planned = Math.ceil(perSecond * (seconds + warmUpSeconds)) + 1;
    this.#dueAt = new Float64Array(planned);
    this.#states = new Uint8Array(planned);
    this.#late = new LateCount(limit, perSecond * seconds);
    for (const { members } of chats) {
      for (const [side, phone] of members.entries()) phone.onHeard = (heard) => this.#hear(side, heard);
    }
  }

  async run(): Promise<ChatLoadResult> {
    const { perSecond, seconds, warmUpSeconds, report, first } = this.#options;
    const progress = setInterval(() => report(`${this.#done} of ${this.#due} messages done`), 1000);
    const begin = setTimeout(() => this.#begin(), warmUpSeconds * 1000);
    const isHopeless = (): boolean => this.#late.isHopeless(this.#oldestWaitingAt());
    const durationMs = (warmUpSeconds + seconds) * 1000;
    await runArrivals({ perSecond, durationMs, onArrival: (dueAt) => this.#send(dueAt), isHopeless });
    clearTimeout(begin);
    const wasHopeless = isHopeless();
    if (!this.#inWindow) this.#begin();
    const measuredMs = Math.max(1, performance.now() - this.#measuredFrom);
    this.#inWindow = false;
    this.#options.onWindow('ends');
    await this.#finished();
    clearInterval(progress);
    return {
      due: this.#due,
      done: this.#done,
      lost: this.#due - this.#done,
      doubled: this.#doubled,
      errors: this.#errors,
      doneInWindow: this.#doneInWindow,
      achievedPerSecond: (this.#doneInWindow / measuredMs) * 1000,
      legs: this.#legs,
      wasHopeless,
      wasStored: (number) => ((this.#states[number - first] ?? 0) & STORED) !== 0,
    };
  }

  #begin(): void {
    this.#options.onWindow('begins');
    this.#measuredFrom = performance.now();
    this.#inWindow = true;
  }

  #send(dueAt: number): void {
    const { chats, first } = this.#options;
    const number = first + this.#due;
    this.#dueAt[this.#due] = dueAt;
    this.#due += 1;
    const { chatId, members } = chats[number % chats.length] as ChatPair;
    members[this.#senderOf(number)].send(otsyWire.message(chatId, number));
  }

  /** Which of the two says it: the other one each time round. */
  #senderOf(number: number): 0 | 1 {
    return Math.floor(number / this.#options.chats.length) % 2 === 0 ? 0 : 1;
  }

  #hear(side: number, { word, number = 0, code }: Heard): void {
    if (word === 'stored') this.#note(number, STORED, STORED_LEG);
    // What one says comes to oneself too.
    else if (word === 'message' && this.#senderOf(number) !== side) this.#note(number, HEARD, HEARD_LEG);
    else if (word === 'refused') this.#refuse(number, code ?? 'unknown');
  }

  #note(number: number, what: number, leg: typeof STORED_LEG | typeof HEARD_LEG): void {
    const index = number - this.#options.first;
    const state = this.#states[index];
    const dueAt = this.#dueAt[index] ?? 0;
    // Of an earlier run, whose books are closed.
    if (state === undefined || index >= this.#due) return;
    if ((state & what) !== 0) {
      this.#doubled += 1;
      return;
    }
    this.#states[index] = state | what;
    if (dueAt >= this.#measuredFrom) {
      const took = performance.now() - dueAt;
      this.#legs[leg].record(took);
      this.#late.count(leg, took);
    }
    if ((state | what) !== DONE) return;
    this.#done += 1;
    if (this.#inWindow) this.#doneInWindow += 1;
  }

  #refuse(number: number, code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
    const index = number - this.#options.first;
    this.#states[index] = (this.#states[index] ?? 0) | REFUSED;
  }

  #oldestWaitingAt(): number | undefined {
    while (this.#oldest < this.#due && (this.#states[this.#oldest] ?? 0) >= DONE) this.#oldest += 1;
    return this.#oldest < this.#due ? this.#dueAt[this.#oldest] : undefined;
  }

  async #finished(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#oldestWaitingAt() !== undefined && performance.now() < deadline) await pause(5);
    // What would come twice comes about now.
    await pause(200);
  }
}

/** Resolves when every message that was due is stored and heard, or was given up. */
export const runChatLoad = (options: ChatLoadOptions): Promise<ChatLoadResult> => new ChatLoad(options).run();
