import { setTimeout as pause } from 'node:timers/promises';
import type { FaultProxy } from '@trunkline/testing';
import { type ClientOptions, WebSocket } from 'ws';
import type { Answer, Ask, Said, Verb, Wire } from './wire.ts';

export type Told = Extract<Said, { kind: 'told' }>;

/** Who listens to what happens to devices. */
export interface Ears {
  told(device: Device, told: Told): void;
  /** One of its questions was answered, if only that it may be asked again, so many milliseconds after it was sent. */
  answered(afterMs: number): void;
  /** `why`: what its last connection was closed with. */
  lost(device: Device, why: string): void;
  /** It has a connection again, so many milliseconds after it lost the last one. */
  back(device: Device, afterMs: number): void;
}

/** How devices get to one gateway. */
export type Door = Pick<FaultProxy, 'url' | 'dial'>;

export interface DeviceOptions {
  userId: string;
  deviceId: string;
  token: string;
  wire: Wire;
  /** It tries the next when one does not let it in. */
  gateways: readonly Door[];
  firstGateway: number;
  ears: Ears;
}

/** A question that was sent, to be repeated as it was. */
export interface Asked {
  ask: Ask;
  /** Null: never answered, or only that something went wrong on the server's side. */
  answer: Answer | null;
}

const HANDSHAKE_MS = 5000;
/** A gateway answers within three seconds, if only that it could not. */
const ANSWER_WITHIN_MS = 6500;
const ASK_AGAIN_AFTER_MS = 150;
const PATIENCE_MS = 60_000;
const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 400;

const RETRYABLE: ReadonlySet<string> = new Set(['service_error', 'rate_limited']);
const isFinal = (answer: Answer | null): answer is Answer => answer !== null && (answer.ok || !RETRYABLE.has(answer.code));

/** One device of one user: it comes back whenever it loses its connection, and asks until it is answered. */
export class Device {
  readonly userId: string;
  readonly deviceId: string;
  readonly wireName: string;
  /** Counts its connections. */
  connection = 0;
  readonly #options: DeviceOptions;
  readonly #pending = new Map<number, (answer: Answer | null) => void>();
  #gateway: number;
  #socket: WebSocket | null = null;
  #isReady = false;
  #isOver = false;
  #isAway = false;
  #lostAt: number | null = null;
  #failures = 0;
  #asked = 0;

  constructor(options: DeviceOptions) {
    this.userId = options.userId;
    this.deviceId = options.deviceId;
    this.wireName = options.wire.name;
    this.#options = options;
    this.#gateway = options.firstGateway;
    this.#connect();
  }

  get name(): string {
    return `${this.userId}/${this.deviceId}`;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Asks, and asks again under the same id, until there is an answer that counts. */
  async ask(verb: Verb, callId: string, place: Pick<Ask, 'calleeId' | 'ringSeconds'> = {}): Promise<Asked> {
    this.#asked += 1;
    const requestId = `${this.userId}-${this.deviceId}-${this.#asked}`;
    const ask: Ask = { verb, callId, number: this.#asked, requestId, ...place };
    return { ask, answer: await this.repeat(ask) };
  }

  /** Sends the very same question once more. */
  async repeat(ask: Ask): Promise<Answer | null> {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline && !this.#isOver) {
      const answer = this.#isReady ? await this.#askOnce(ask) : null;
      if (isFinal(answer)) return answer;
      await pause(ASK_AGAIN_AFTER_MS);
    }
    return null;
  }

  /** Loses its connection without a farewell, and comes back after so long. */
  leaveFor(milliseconds: number): void {
    this.#isAway = true;
    this.#socket?.terminate();
    setTimeout(() => {
      this.#isAway = false;
      this.#failures = 0;
      if (this.#socket === null && !this.#isOver) this.#connect();
    }, milliseconds);
  }

  end(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }

  #askOnce(ask: Ask): Promise<Answer | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        settle(null);
        this.#socket?.terminate();
      }, ANSWER_WITHIN_MS);
      const askedAt = Date.now();
      const settle = (answer: Answer | null): void => {
        clearTimeout(timer);
        if (answer !== null) this.#options.ears.answered(Date.now() - askedAt);
        this.#pending.delete(ask.number);
        resolve(answer);
      };
      this.#pending.get(ask.number)?.(null);
      this.#pending.set(ask.number, settle);
      this.#socket?.send(this.#options.wire.ask(ask));
    });
  }

  #connect(): void {
    const { wire, gateways, token } = this.#options;
    const { url, dial } = gateways[this.#gateway % gateways.length] as Door;
    // ws takes any stream for a connection, though its types name a socket.
    const createConnection = dial as unknown as NonNullable<ClientOptions['createConnection']>;
    const socket = new WebSocket(wire.url(url, token), { perMessageDeflate: false, createConnection });
    this.#socket = socket;
    const patience = setTimeout(() => socket.terminate(), HANDSHAKE_MS);
    socket.on('open', () => {
      clearTimeout(patience);
      if (wire.opening(token) === null) this.#becomeReady();
    });
    socket.on('message', (frame) => this.#read(socket, String(frame)));
    // A connection that breaks is told by its close.
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      clearTimeout(patience);
      this.#lose([code, String(reason)].join(' ').trimEnd());
    });
  }

  #read(socket: WebSocket, frame: string): void {
    const { wire, token, ears } = this.#options;
    const said = wire.read(frame);
    if (said.kind === 'ping') socket.send(wire.pong);
    else if (said.kind === 'hello') socket.send(wire.opening(token) ?? '');
    else if (said.kind === 'ready') this.#becomeReady();
    else if (said.kind === 'refused') socket.terminate();
    else if (said.kind === 'answer') this.#pending.get(said.number)?.(said.answer);
    else if (said.kind === 'told') ears.told(this, said);
  }

  #becomeReady(): void {
    this.connection += 1;
    this.#isReady = true;
    if (this.#lostAt !== null) this.#options.ears.back(this, Date.now() - this.#lostAt);
    this.#lostAt = null;
    this.#failures = 0;
  }

  #lose(why: string): void {
    const wasReady = this.#isReady;
    this.#socket = null;
    this.#isReady = false;
    for (const settle of [...this.#pending.values()]) settle(null);
    if (this.#isOver) return;
    if (wasReady) {
      this.#options.ears.lost(this, why);
      this.#lostAt = this.#isAway ? null : Date.now();
    }
    // The next gateway, as a load balancer would send it.
    this.#gateway += 1;
    if (this.#isAway) return;
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    setTimeout(() => {
      if (this.#socket === null && !this.#isOver && !this.#isAway) this.#connect();
    }, backoffMs);
  }
}
