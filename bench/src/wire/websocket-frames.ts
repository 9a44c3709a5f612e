export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One WebSocket frame as it came (RFC 6455 section 5.2). */
export interface Frame {
  fin: boolean;
  /** The three reserved bits as a number: 4 is RSV1. */
  rsv: number;
  opcode: number;
  masked: boolean;
  payload: Buffer;
}

export interface FrameOptions {
  fin?: boolean;
  rsv?: number;
  masked?: boolean;
  /** What the length field says, where that is not true. */
  claimedLength?: bigint;
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

const lengthField = (length: bigint): Buffer => {
  if (length < 126n) return Buffer.from([Number(length)]);
  if (length < 65_536n) return Buffer.from([126, Number(length >> 8n), Number(length & 255n)]);
  const field = Buffer.alloc(9);
  field[0] = 127;
  field.writeBigUInt64BE(length, 1);
  return field;
};

/** The bytes of one frame of a client, right or wrong. */
export const frameBytes = (opcode: number, payload: Uint8Array | string = '', options: FrameOptions = {}): Buffer => {
  const { fin = true, rsv = 0, masked = true, claimedLength } = options;
  const body = Buffer.from(payload);
  const length = lengthField(claimedLength ?? BigInt(body.length));
  const first = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]);
  if (!masked) return Buffer.concat([first, length, body]);
  length[0] = (length[0] ?? 0) | 0x80;
  return Buffer.concat([first, length, MASK, body.map((byte, index) => byte ^ (MASK[index % 4] as number))]);
};

/** Where the payload of the frame at the start of `bytes` begins and ends; null where its head is not there yet. */
const extentOf = (bytes: Buffer): { start: number; end: number } | null => {
  if (bytes.length < 2) return null;
  const short = (bytes[1] as number) & 0x7f;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start) return null;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  return { start, end: start + length };
};

/** Cuts what a server sends into frames, which no server may mask. */
export class FrameReader {
  #rest = Buffer.alloc(0);

  /** The frames that are complete now. */
  read(chunk: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let extent = extentOf(this.#rest); extent !== null && this.#rest.length >= extent.end; extent = extentOf(this.#rest)) {
      const [first, second] = this.#rest as unknown as [number, number];
      frames.push({
        fin: first >= 0x80,
        rsv: (first >> 4) & 7,
        opcode: first & 0xf,
        masked: second >= 0x80,
        payload: this.#rest.subarray(extent.start, extent.end),
      });
      this.#rest = this.#rest.subarray(extent.end);
    }
    return frames;
  }
}
