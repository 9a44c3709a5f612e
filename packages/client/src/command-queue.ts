import { fullJitter } from './backoff.ts';
import { Countdown } from './countdown.ts';
import { fitsFrame } from './frame-size.ts';
import type { Asked, Line } from './line.ts';
import { closedError, errorFromWire, TrunklineError } from './trunkline-error.ts';
import type { Ack } from './wire.ts';

export interface AskOptions {
  /** Commands of one lane go one after another, each when the one before has its answer. */
  readonly lane: string | null;
  readonly timeoutMs: number;
}

export interface CommandQueueOptions {
  /** How long one answer is waited for before the command is sent again. */
  readonly ackTimeoutMs: number;
  /** Where commands go now; null while there is no connection. */
  line(): Line | null;
  /** A command was added. */
  onAdded(): void;
  /** The same connection left a command unanswered twice. */
  onSilent(): void;
}

interface Command {
  readonly word: string;
  readonly body: object;
  readonly lane: string | null;
  readonly deadline: Countdown;
  readonly resolve: (done: object) => void;
  readonly reject: (error: TrunklineError) => void;
  state: 'waiting' | 'sent' | 'resting';
  attempts: number;
  /** Unanswered on the present connection. */
  misses: number;
  /** Answered that it may be tried again. */
  failures: number;
}

const MAX_QUEUED = 256;
/** The server takes 64 of one connection at once. */
const MAX_IN_FLIGHT = 32;
const MISSES_UNTIL_SILENT = 2;
const LONGEST_REST_MS = 5000;
const FIRST_REST_MS = 250;

/** Commands on their way: each is sent until it has an answer or its deadline has come, over however many connections. */
export class CommandQueue {
  readonly #options: CommandQueueOptions;
  readonly #commands = new Set<Command>();
  #isClosed = false;

  constructor(options: CommandQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#commands.size;
  }

  /** The same `body`, which carries the ids, goes out each time. @throws TrunklineError */
  ask<Done extends object>(word: string, body: object, { lane, timeoutMs }: AskOptions): Promise<Done> {
    if (this.#isClosed) return Promise.reject(closedError({ wasSent: false }));
    if (!fitsFrame(word, body))
      return Promise.reject(new TrunklineError('parse_error', 'It is larger than 64 KiB, which no server takes', { wasSent: false }));
    if (this.#commands.size >= MAX_QUEUED)
      return Promise.reject(new TrunklineError('queue_full', 'Too many commands wait for a connection', { wasSent: false }));
    return new Promise<Done>((resolve, reject) => {
      const deadline = new Countdown(timeoutMs, () => this.#expire(command));
      const counts = { state: 'waiting', attempts: 0, misses: 0, failures: 0 } as const;
      const command: Command = { word, body, lane, deadline, resolve: resolve as Command['resolve'], reject, ...counts };
      this.#commands.add(command);
      this.#options.onAdded();
      this.pump();
    });
  }

  /** Takes back what never was sent. */
  withdraw(lane: string, word: string): boolean {
    for (const command of this.#commands) {
      if (command.lane !== lane || command.word !== word || command.attempts > 0) continue;
      this.#settle(command);
      command.reject(new TrunklineError('withdrawn', 'It was taken back before it was sent', { wasSent: false }));
      return true;
    }
    return false;
  }

  /** There is a connection that knows nothing of what was sent before. */
  connected(): void {
    for (const command of this.#commands) command.misses = 0;
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    const line = this.#options.line();
    if (line === null) return;
    const takenLanes = new Set<string>();
    let inFlight = 0;
    for (const command of [...this.#commands]) {
      const isFirst = command.lane === null || !takenLanes.has(command.lane);
      if (command.lane !== null) takenLanes.add(command.lane);
      if (command.state === 'waiting' && isFirst && inFlight < MAX_IN_FLIGHT) void this.#send(command, line);
      if (command.state === 'sent') inFlight += 1;
    }
  }

  /** Rejects all that is left, and all that comes. */
  close(): void {
    this.#isClosed = true;
    for (const command of [...this.#commands]) {
      this.#settle(command);
      command.reject(closedError({ wasSent: command.attempts > 0 }));
    }
  }

  async #send(command: Command, line: Line): Promise<void> {
    command.state = 'sent';
    command.attempts += 1;
    const patience = Math.max(1, Math.min(this.#options.ackTimeoutMs, command.deadline.msLeft));
    const asked = await line.ask<Ack>(command.word, command.body, patience);
    if (!this.#commands.has(command)) return;
    this.#learn(command, asked);
    this.pump();
  }

  #learn(command: Command, asked: Asked<Ack>): void {
    if (asked.kind !== 'answered') {
      command.state = 'waiting';
      if (asked.kind === 'silence') this.#miss(command);
    } else if (asked.answer.ok) {
      this.#settle(command);
      command.resolve(asked.answer);
    } else if (asked.answer.error.code === 'service_error') {
      this.#rest(command);
    } else {
      this.#settle(command);
      command.reject(errorFromWire(asked.answer.error));
    }
  }

  #miss(command: Command): void {
    command.misses += 1;
    if (command.misses >= MISSES_UNTIL_SILENT) this.#options.onSilent();
  }

  #rest(command: Command): void {
    command.state = 'resting';
    const pause = fullJitter(Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** command.failures));
    command.failures += 1;
    setTimeout(() => {
      command.state = 'waiting';
      this.pump();
    }, pause);
  }

  #expire(command: Command): void {
    this.#settle(command);
    const wasSent = command.attempts > 0;
    const message = wasSent ? 'No answer came in time: whether it was done is not known' : 'There was no connection in time';
    command.reject(new TrunklineError('timed_out', message, { wasSent }));
    this.pump();
  }

  #settle(command: Command): void {
    command.deadline.stop();
    this.#commands.delete(command);
  }
}
