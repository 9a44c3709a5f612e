import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface FrameSocketOptions {
  /** `http://host:port`, and what follows it. */
  base: string;
  path: string;
  onOpen(): void;
  /** One text frame, read as latin1: of all that we put into a call or a chat nothing is beyond ASCII. */
  onFrame(frame: string): void;
  /** Called once, when the connection is over or never came to be. */
  onClose(why: string): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;
/** The mask protects proxies, and there are none on loopback: with zeros, a frame is its own text. */
const NO_MASK = '\0\0\0\0';
const READ_BYTES = 64 * 1024;

/** What all sockets of this process read into, one after another: whoever is given it is done with it before the next one reads. */
const shared = Buffer.allocUnsafe(READ_BYTES);

const headOf = (opcode: number, length: number): string => {
  if (length < LENGTH_IN_16_BITS) return String.fromCharCode(0x80 | opcode, 0x80 | length) + NO_MASK;
  if (length > 0xffff) throw new Error('the load generator sends no frame that long');
  return String.fromCharCode(0x80 | opcode, 0x80 | LENGTH_IN_16_BITS, length >> 8, length & 0xff) + NO_MASK;
};

/**
 * The client's end of a WebSocket, as little of one as loopback needs: one write for a frame, and no copy of what is read. Whole
 * frames alone, which is what our servers and the control send.
 */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #options: FrameSocketOptions;
  #isOpen = false;
  #isOver = false;
  /** What was read of a frame that was not all there yet. */
  #rest: Buffer | null = null;

  constructor(options: FrameSocketOptions) {
    this.#options = options;
    const { hostname, port } = new URL(options.base);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          this.#read(buffer.subarray(0, length) as Buffer);
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#ask(hostname, port));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('end', () => this.close());
    this.#socket.on('close', () => this.#end('closed'));
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isOver;
  }

  /** ASCII only. */
  send(text: string): void {
    this.#write(TEXT, text);
  }

  /** Without a farewell. */
  close(): void {
    this.#socket.destroy();
    this.#end('closed');
  }

  #ask(host: string, port: string): void {
    this.#socket.write(
      `GET ${this.#options.path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      'latin1',
    );
  }

  #write(opcode: number, text: string): void {
    if (this.isOpen) this.#socket.write(headOf(opcode, text.length) + text, 'latin1');
  }

  #read(chunk: Buffer): void {
    const read = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    const from = this.#isOpen ? 0 : this.#readHead(read);
    const used = from === null ? 0 : this.#readFrames(read, from);
    // The buffer is everybody's: what is kept is copied.
    if (used < read.length && !this.#isOver) this.#rest = Buffer.from(read.subarray(used));
  }

  /** Where the frames begin; null: not all of the answer is there. */
  #readHead(read: Buffer): number | null {
    const end = read.indexOf(HEAD_END);
    if (end === -1) return null;
    const status = read.toString('latin1', 9, 12);
    if (status !== '101') {
      this.#socket.destroy();
      this.#end(`answered ${status}`);
      return read.length;
    }
    this.#isOpen = true;
    this.#options.onOpen();
    return end + HEAD_END.length;
  }

  /** Where the first frame begins that is not all there. */
  #readFrames(read: Buffer, from: number): number {
    let at = from;
    while (at + 2 <= read.length && !this.#isOver) {
      const short = (read[at + 1] as number) & 0x7f;
      const body = at + 2 + lengthBytes(short);
      if (body > read.length) return at;
      const end = body + lengthOf(read, at + 2, short);
      if (end > read.length) return at;
      this.#take((read[at] as number) & 0xf, read.toString('latin1', body, end));
      at = end;
    }
    return at;
  }

  #take(opcode: number, text: string): void {
    if (opcode === TEXT) this.#options.onFrame(text);
    else if (opcode === PING) this.#write(PONG, text);
    else if (opcode === CLOSE) this.close();
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onClose(why);
  }
}

const lengthBytes = (short: number): number => {
  if (short < LENGTH_IN_16_BITS) return 0;
  return short === LENGTH_IN_64_BITS ? 8 : 2;
};

const lengthOf = (read: Buffer, at: number, short: number): number => {
  if (short < LENGTH_IN_16_BITS) return short;
  return short === LENGTH_IN_64_BITS ? Number(read.readBigUInt64BE(at)) : read.readUInt16BE(at);
};
