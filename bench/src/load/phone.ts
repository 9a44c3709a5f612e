import { type RawData, WebSocket } from 'ws';
import type { Heard, Verb, Wire } from './wire.ts';

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
/** The mask protects proxies, and there are none on loopback: with zeros, a frame is not copied. */
const noMask = (mask: Buffer): void => void mask.fill(0);

/** Of all that we put into a call nothing is beyond ASCII. */
const textOf = (received: RawData): string => (received as Buffer).toString('latin1');

/** One user's connection. */
export class Phone {
  readonly userId: string;
  /** Hears all that comes once the phone is ready; replaced by whoever uses the phone. */
  onHeard: (heard: Heard) => void = () => undefined;
  readonly #wire: Wire;
  readonly #socket: WebSocket;
  #isClosing = false;

  private constructor({ wire, base, userId, token }: PhoneOptions) {
    this.userId = userId;
    this.#wire = wire;
    this.#socket = new WebSocket(wire.url(base, token), {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      handshakeTimeout: CONNECT_WITHIN_MS,
      generateMask: noMask,
    });
  }

  /** Resolves when the server has let it in. @throws when it does not within 15 s */
  static connect(options: PhoneOptions): Promise<Phone> {
    const phone = new Phone(options);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        phone.close();
        reject(new Error(`${options.userId} could not connect: ${why}`));
      };
      const timer = setTimeout(() => fail('no answer'), CONNECT_WITHIN_MS);
      phone.#listen(options, {
        ready: () => {
          clearTimeout(timer);
          resolve(phone);
        },
        fail,
      });
    });
  }

  #listen({ wire, token, onLost }: PhoneOptions, { ready, fail }: { ready(): void; fail(why: string): void }): void {
    const socket = this.#socket;
    let isReady = false;
    const becomeReady = (): void => {
      isReady = true;
      ready();
    };
    const opening = wire.opening(token);
    if (opening === null) socket.once('open', becomeReady);
    const hearFirst = ({ word, code }: Heard): void => {
      if (word === 'hello') this.#write(opening ?? '');
      if (word === 'ready') becomeReady();
      if (word === 'refused') fail(code ?? 'refused');
    };
    socket.on('message', (received) => {
      const heard = wire.read(textOf(received));
      if (heard.word === 'ping') this.#write(wire.pong ?? '');
      else if (isReady) this.onHeard(heard);
      else hearFirst(heard);
    });
    socket.on('error', (error) => {
      if (!isReady) fail(error.message);
    });
    socket.on('close', () => {
      if (!isReady) fail('closed');
      else if (!this.#isClosing) onLost(this);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  place(calleeId: string, ringSeconds: number | null): void {
    this.#write(this.#wire.place(calleeId, ringSeconds));
  }

  say(verb: Verb, callId: string): void {
    this.#write(this.#wire.say(verb, callId));
  }

  /** Ends the connection without a farewell, as a phone that loses its network does. */
  close(): void {
    this.#isClosing = true;
    this.#socket.terminate();
  }

  #write(frame: string): void {
    if (this.isOpen) this.#socket.send(frame);
  }
}
