import { type FrameOptions, frameBytes, OPCODES } from '@trunkline/bench';

/** What a server that keeps RFC 6455 says: its frames in order, in short, and `end` where it closes the connection. */
export interface WebSocketCase {
  /** The number in Autobahn's list, where there is one. */
  name: string;
  /** Written one after another; the server sees each on its own. */
  writes: readonly Buffer[];
  heard: readonly string[];
}

const { continuation, text, binary, close, ping, pong } = OPCODES;

/** A frame that the gateway answers by repeating its request id. */
const asks = (requestId: string, size = 0): string => {
  const bare = JSON.stringify({ type: 'nothing', requestId, payload: {} });
  const filler = 'x'.repeat(Math.max(0, size - bare.length - 9));
  return size === 0 ? bare : JSON.stringify({ type: 'nothing', requestId, payload: { fill: filler } }).padEnd(size);
};

const send = (opcode: number, payload: Uint8Array | string = '', options: FrameOptions = {}): Buffer =>
  frameBytes(opcode, payload, options);
const part = (opcode: number, payload: Uint8Array | string = ''): Buffer => send(opcode, payload, { fin: false });
const one = (name: string, bytes: Buffer, ...heard: string[]): WebSocketCase => ({ name, writes: [bytes], heard });
const all = (name: string, frames: readonly Buffer[], ...heard: string[]): WebSocketCase => ({
  name,
  writes: [Buffer.concat(frames)],
  heard,
});
const inChops = (name: string, frames: readonly Buffer[], size: number, ...heard: string[]): WebSocketCase => {
  const bytes = Buffer.concat(frames);
  const writes = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
  return { name, writes, heard };
};

/** The closing handshake: the close is repeated, then the connection ends. */
const closed = (code: number): string[] => [`close ${code}`, 'end'];
const closeWith = (code: number, reason: Uint8Array | string = ''): Buffer =>
  send(close, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));

const framing: WebSocketCase[] = [
  one('1.1.1 text of 0 bytes', send(text), 'refused'),
  ...[125, 126, 127, 128, 65_535, 65_536].map((size) => one(`1.1 text of ${size} bytes`, send(text, asks('a', size)), 'ack a')),
  inChops('1.1.8 text of 65536 bytes in chops of 997', [send(text, asks('a', 65_536))], 997, 'ack a'),
  ...[0, 125, 126, 127, 128, 65_535, 65_536].map((size) =>
    one(`1.2 binary of ${size} bytes`, send(binary, Buffer.alloc(size, 0xfe)), 'refused'),
  ),
  one(
    'a ping whose length takes more bytes than a ping may need',
    Buffer.concat([Buffer.from([0x89, 0xfe, 0, 1, 0, 0, 0, 0]), Buffer.from('p')]),
    ...closed(1002),
  ),
  one('a frame that is not masked', send(text, asks('a'), { masked: false }), ...closed(1002)),
];

const pings: WebSocketCase[] = [
  one('2.1 a ping without a payload', send(ping), 'pong '),
  one('2.2 a ping with a payload', send(ping, 'hello'), 'pong hello'),
  one(
    '2.3 a ping with bytes',
    send(ping, Buffer.from([0, 0xff, 0xfe, 0xfd])),
    `pong ${Buffer.from([0, 0xff, 0xfe, 0xfd]).toString('latin1')}`,
  ),
  one('2.4 a ping of 125 bytes', send(ping, 'p'.repeat(125)), `pong ${'p'.repeat(125)}`),
  one('2.5 a ping of 126 bytes', send(ping, 'p'.repeat(126)), ...closed(1002)),
  inChops('2.6 a ping of 125 bytes, byte by byte', [send(ping, 'p'.repeat(125))], 1, `pong ${'p'.repeat(125)}`),
  one('2.7 a pong that nobody asked for', send(pong)),
  one('2.8 the same with a payload', send(pong, 'unsolicited')),
  all('2.9 a pong that nobody asked for, then a ping', [send(pong, 'x'), send(ping, 'y')], 'pong y'),
  all(
    '2.10 ten pings',
    Array.from({ length: 10 }, (_, index) => send(ping, `p${index}`)),
    ...Array.from({ length: 10 }, (_, index) => `pong p${index}`),
  ),
  inChops(
    '2.11 ten pings, byte by byte',
    Array.from({ length: 10 }, (_, index) => send(ping, `p${index}`)),
    1,
    ...Array.from({ length: 10 }, (_, index) => `pong p${index}`),
  ),
];

const reserved: WebSocketCase[] = [
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) => [
    one(`3 text with the reserved bits ${rsv}`, send(text, asks('a'), { rsv }), ...closed(1002)),
    one(`3 a ping with the reserved bits ${rsv}`, send(ping, '', { rsv }), ...closed(1002)),
    all(`3 after a message, the reserved bits ${rsv}`, [send(text, asks('a')), send(text, asks('b'), { rsv })], 'ack a', ...closed(1002)),
  ]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
    one(`4 the reserved opcode ${opcode}`, send(opcode), ...closed(1002)),
    one(`4 the reserved opcode ${opcode} with a payload`, send(opcode, 'reserved'), ...closed(1002)),
    all(`4 after a message, the reserved opcode ${opcode}`, [send(text, asks('a')), send(opcode)], 'ack a', ...closed(1002)),
  ]),
];

const [head, tail] = [asks('frag').slice(0, 20), asks('frag').slice(20)];

const fragments: WebSocketCase[] = [
  all('5.1 a ping in fragments', [part(ping, 'a'), send(continuation, 'b')], ...closed(1002)),
  all('5.2 a pong in fragments', [part(pong, 'a'), send(continuation, 'b')], ...closed(1002)),
  all('5.3 text in two fragments', [part(text, head), send(continuation, tail)], 'ack frag'),
  inChops('5.5 text in two fragments, byte by byte', [part(text, head), send(continuation, tail)], 1, 'ack frag'),
  all('5.6 a ping between two fragments', [part(text, head), send(ping, 'p'), send(continuation, tail)], 'pong p', 'ack frag'),
  inChops('5.8 the same, byte by byte', [part(text, head), send(ping, 'p'), send(continuation, tail)], 1, 'pong p', 'ack frag'),
  one('5.9 a continuation of nothing', send(continuation, 'x'), ...closed(1002)),
  one('5.12 an unfinished continuation of nothing', part(continuation, 'x'), ...closed(1002)),
  all(
    '5.15 a continuation after a message is complete',
    [part(text, head), send(continuation, tail), part(continuation, 'x')],
    'ack frag',
    ...closed(1002),
  ),
  all('5.18 text within a text', [part(text, head), send(text, asks('b'))], ...closed(1002)),
  all('5.18 bytes within a text', [part(text, head), send(binary, 'b')], ...closed(1002)),
  all(
    '5.19 five fragments and two pings',
    [
      part(text, head),
      part(continuation),
      send(ping, '1'),
      part(continuation),
      send(ping, '2'),
      part(continuation),
      send(continuation, tail),
    ],
    'pong 1',
    'pong 2',
    'ack frag',
  ),
  all('a message of empty fragments', [part(text), part(continuation), send(continuation)], 'refused'),
  all(
    'a message of 128 fragments',
    [part(text), ...Array.from({ length: 126 }, () => part(continuation)), send(continuation, asks('a'))],
    'ack a',
  ),
  all(
    'a message of 129 fragments',
    [part(text), ...Array.from({ length: 127 }, () => part(continuation)), send(continuation, asks('a'))],
    ...closed(4529),
  ),
  all('fragments that are together too large', [part(text, 'x'.repeat(40_000)), send(continuation, 'x'.repeat(40_000))], ...closed(4509)),
];

const JAPANESE = '電話κόσμε𐍈🎉';
const bytesOf = (json: string, bytes: Buffer): Buffer => {
  const [before = '', after = ''] = json.split('HERE');
  return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
};
const asking = (bytes: Buffer): Buffer => bytesOf(asks('HERE'), bytes);

/** Autobahn 6.3–6.23: cut off, overlong, surrogates, beyond U+10FFFF, bytes that begin nothing. */
const INVALID_UTF8: readonly (readonly [string, number[]])[] = [
  ['cut off after two of three bytes', [0xe9, 0x9b]],
  ['a continuation byte alone', [0x80]],
  ['a lone start of two', [0xc3, 0x28]],
  ['overlong slash in two', [0xc0, 0xaf]],
  ['overlong slash in three', [0xe0, 0x80, 0xaf]],
  ['overlong slash in four', [0xf0, 0x80, 0x80, 0xaf]],
  ['overlong NUL', [0xc0, 0x80]],
  ['a high surrogate', [0xed, 0xa0, 0x80]],
  ['a low surrogate', [0xed, 0xbf, 0xbf]],
  ['a pair of surrogates', [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['six bytes', [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
  ['0xFE', [0xfe]],
  ['0xFF', [0xff]],
];

const VALID_UTF8 = ['\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffd', '\uffff', '\u{10000}', '\u{10ffff}'];

const half = Math.floor(asking(Buffer.from(JAPANESE)).length / 2);

const utf8: WebSocketCase[] = [
  ...[JAPANESE, ...VALID_UTF8].map((word) => one(`6 ${JSON.stringify(word)}`, send(text, asking(Buffer.from(word))), `ack ${word}`)),
  all(
    '6.2 cut within a character',
    [part(text, asking(Buffer.from(JAPANESE)).subarray(0, half)), send(continuation, asking(Buffer.from(JAPANESE)).subarray(half))],
    `ack ${JAPANESE}`,
  ),
  all(
    '6.2 a fragment for every byte',
    Array.from(asking(Buffer.from(JAPANESE)), (byte, index, bytes = asking(Buffer.from(JAPANESE))) =>
      send(index === 0 ? text : continuation, Buffer.from([byte]), { fin: index === bytes.length - 1 }),
    ),
    `ack ${JAPANESE}`,
  ),
  ...INVALID_UTF8.flatMap(([what, bytes]) => [
    one(`6.3 ${what}`, send(text, asking(Buffer.from(bytes))), ...closed(1007)),
    all(
      `6.3 ${what}, over two fragments`,
      [part(text, asking(Buffer.from(bytes)).subarray(0, half - 8)), send(continuation, asking(Buffer.from(bytes)).subarray(half - 8))],
      ...closed(1007),
    ),
  ]),
];

const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const NO_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535];

const closing: WebSocketCase[] = [
  one('7.1.1 a close after a message', Buffer.concat([send(text, asks('a')), closeWith(1000)]), 'ack a', ...closed(1000)),
  all('7.1.2 two closes', [closeWith(1000), closeWith(1000)], ...closed(1000)),
  all('7.1.3 a ping after the close', [closeWith(1000), send(ping, 'late')], ...closed(1000)),
  all('7.1.4 a message after the close', [closeWith(1000), send(text, asks('late'))], ...closed(1000)),
  all('7.1.5 a close between fragments', [part(text, head), closeWith(1000), send(continuation, tail)], ...closed(1000)),
  one('7.3.1 a close without a code', send(close), ...closed(1005)),
  one('7.3.2 a close of one byte', send(close, 'x'), ...closed(1002)),
  one('7.3.4 a close with a reason', closeWith(1000, 'Hello World!'), ...closed(1000)),
  one('7.3.5 a close with the longest reason', closeWith(1000, 'r'.repeat(123)), ...closed(1000)),
  one('7.3.6 a close of 126 bytes', closeWith(1000, 'r'.repeat(124)), ...closed(1002)),
  one('7.5.1 a reason that is no UTF-8', closeWith(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80])), ...closed(1007)),
  ...CODES.map((code) => one(`7.7 the code ${code}`, closeWith(code), ...closed(code))),
  ...NO_CODES.map((code) => one(`7.9 the code ${code}, which is none`, closeWith(code), ...closed(1002))),
  all('a close in fragments', [part(close, Buffer.from([3, 232])), send(continuation)], ...closed(1002)),
];

const limits: WebSocketCase[] = [
  one('9 text of 65537 bytes', send(text, 'x'.repeat(65_537)), ...closed(4509)),
  one('9 the head of a frame of 4 GiB', send(text, '', { claimedLength: 2n ** 32n }), ...closed(4509)),
  one('9 the head of a frame of 2^63 bytes', send(text, '', { claimedLength: 2n ** 63n }), ...closed(4509)),
];

/** Autobahn's list of cases for a server without extensions, and what it leaves out. */
export const WEBSOCKET_CASES: Readonly<Record<string, readonly WebSocketCase[]>> = {
  framing,
  'pings and pongs': pings,
  'reserved bits and opcodes': reserved,
  fragments,
  'UTF-8': utf8,
  closing,
  limits,
};
