import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Frame, FrameReader } from './websocket-frames.ts';

export interface Handshake {
  status: number;
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>;
}

/** A WebSocket of which every byte is the caller's own. */
export interface RawConnection extends Disposable {
  readonly socket: Socket;
  readonly handshake: Handshake;
  /** All frames until now. */
  readonly frames: readonly Frame[];
  readonly isEnded: boolean;
  /** Called after every frame, and at the end. */
  onChange: () => void;
}

export interface HandshakeOptions {
  method?: string;
  /** Replaces or, with null, leaves out a header. */
  headers?: Readonly<Record<string, string | null>>;
  /** The address that it comes from. */
  localAddress?: string;
}

const END_OF_HEAD = '\r\n\r\n';

const handshakeText = (url: string, { method = 'GET', headers = {} }: HandshakeOptions = {}): string => {
  const { host, pathname, search } = new URL(url);
  const usual = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  };
  const lines = Object.entries({ ...usual, ...headers }).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return [`${method} ${pathname}${search} HTTP/1.1`, ...lines].join('\r\n') + END_OF_HEAD;
};

const parseHead = (head: string): Handshake => {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), headers: new Map(headers) };
};

/** A TCP connection to where a URL leads, whose errors end it and nothing else. @throws where nobody listens */
export const connectTcp = async (url: string, localAddress?: string): Promise<Socket> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ...(localAddress === undefined ? {} : { localAddress }) });
  socket.setNoDelay(true);
  const connected = once(socket, 'connect');
  socket.on('error', () => undefined);
  await connected;
  return socket;
};

/** Reads until the answer's head is complete. @throws when the connection ends before */
const readHead = async (socket: Socket): Promise<{ handshake: Handshake; rest: Buffer }> => {
  let read = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
    if (!Buffer.isBuffer(chunk)) throw new Error('the connection ended before there was an answer');
    read = Buffer.concat([read, chunk]);
    const end = read.indexOf(END_OF_HEAD);
    if (end === -1) continue;
    return { handshake: parseHead(read.subarray(0, end).toString('latin1')), rest: read.subarray(end + END_OF_HEAD.length) };
  }
};

/** Shakes hands over TCP; what the server answered, also a refusal, is in `handshake`. @throws where there was no answer */
export const connectRawBytes = async (url: string, options?: HandshakeOptions): Promise<RawConnection> => {
  const socket = await connectTcp(url, options?.localAddress);
  socket.write(handshakeText(url, options));
  const { handshake, rest } = await readHead(socket);
  const reader = new FrameReader();
  const frames: Frame[] = [];
  const connection = {
    socket,
    handshake,
    frames,
    isEnded: false,
    onChange: () => undefined,
    [Symbol.dispose]: () => void socket.destroy(),
  };
  const take = (chunk: Buffer): void => {
    frames.push(...reader.read(chunk));
    connection.onChange();
  };
  if (rest.length > 0 && handshake.status === 101) take(rest);
  if (handshake.status === 101) socket.on('data', take);
  socket.once('close', () => {
    connection.isEnded = true;
    connection.onChange();
  });
  return connection;
};
