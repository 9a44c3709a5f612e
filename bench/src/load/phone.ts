import { FrameSocket } from './frame-socket.ts';
import type { Heard, Wire } from './wire.ts';

export interface PhoneOptions {
  wire: Wire;
  /** The gateway's own URL. */
  base: string;
  userId: string;
  token: string;
  /** Told of a connection that closed without our asking. */
  onLost(phone: Phone): void;
}

const CONNECT_WITHIN_MS = 15_000;

/** One user's connection. */
export class Phone {
  readonly userId: string;
  /** Hears all that comes once the phone is ready; replaced by whoever uses the phone. */
  onHeard: (heard: Heard) => void = () => undefined;
  readonly #wire: Wire;
  readonly #options: PhoneOptions;
  readonly #socket: FrameSocket;
  #opening: { ready(): void; fail(why: string): void } | null;
  #isClosing = false;

  private constructor(options: PhoneOptions, opening: { ready(): void; fail(why: string): void }) {
    const { wire, base, userId, token } = options;
    this.userId = userId;
    this.#wire = wire;
    this.#options = options;
    this.#opening = opening;
    this.#socket = new FrameSocket({
      base,
      path: wire.path(token),
      onOpen: () => {
        if (wire.opening(token) === null) this.#becomeReady();
      },
      onFrame: (frame) => this.#hear(frame),
      onClose: (why) => this.#end(why),
    });
  }

  /** Resolves when the server has let it in. @throws when it does not within 15 s */
  static connect(options: PhoneOptions): Promise<Phone> {
    return new Promise((resolve, reject) => {
      const settle = (): void => clearTimeout(timer);
      const phone = new Phone(options, {
        ready: () => {
          settle();
          resolve(phone);
        },
        fail: (why) => {
          settle();
          phone.close();
          reject(new Error(`${options.userId} could not connect: ${why}`));
        },
      });
      const timer = setTimeout(() => phone.#end('no answer'), CONNECT_WITHIN_MS);
    });
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  /** A frame of its wire. */
  send(frame: string): void {
    this.#socket.send(frame);
  }

  /** Ends the connection without a farewell, as a phone that loses its network does. */
  close(): void {
    this.#isClosing = true;
    this.#socket.close();
  }

  #hear(frame: string): void {
    const heard = this.#wire.read(frame);
    if (heard.word === 'ping') this.#socket.send(this.#wire.pong ?? '');
    else if (this.#opening === null) this.onHeard(heard);
    else this.#hearFirst(heard);
  }

  #hearFirst({ word, code }: Heard): void {
    if (word === 'hello') this.#socket.send(this.#wire.opening(this.#options.token) ?? '');
    if (word === 'ready') this.#becomeReady();
    if (word === 'refused') this.#end(code ?? 'refused');
  }

  #becomeReady(): void {
    const opening = this.#opening;
    this.#opening = null;
    opening?.ready();
  }

  #end(why: string): void {
    const opening = this.#opening;
    this.#opening = null;
    if (opening !== null) opening.fail(why);
    else if (!this.#isClosing) this.#options.onLost(this);
  }
}
