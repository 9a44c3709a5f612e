const FINAL = 0x80;
export const TEXT = 0x1;
export const PING = 0x9;
export const PONG = 0xa;

const MAX_SHORT = 125;
const MAX_MEDIUM = 65_535;

const headerLength = (length: number): number => {
  if (length <= MAX_SHORT) return 2;
  return length <= MAX_MEDIUM ? 4 : 10;
};

/** A server's frame (RFC 6455 section 5.2) in one piece: header and payload apart would be two chunks to write. */
export const wholeFrame = (opcode: number, payload: string | Buffer): Buffer => {
  const length = Buffer.byteLength(payload);
  const start = headerLength(length);
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FINAL | opcode;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  if (typeof payload === 'string') frame.write(payload, start);
  else payload.copy(frame, start);
  return frame;
};
