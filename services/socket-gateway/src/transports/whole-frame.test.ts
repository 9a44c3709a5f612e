import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { PING, PONG, TEXT, wholeFrame } from './whole-frame.ts';

/** Exported, and unknown to the types. */
const { Sender } = ws as unknown as { Sender: { frame(bytes: Buffer, options: object): Buffer[] } };

describe('a whole frame is, byte by byte, what ws writes', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('for %i bytes of text', (length) => {
    const text = 'x'.repeat(length);
    const options = { fin: true, opcode: TEXT, mask: false, readOnly: false, rsv1: false };
    expect(wholeFrame(TEXT, text).equals(Buffer.concat(Sender.frame(Buffer.from(text), options)))).toBe(true);
  });

  it('for text beyond ASCII, whose length counts in bytes', () => {
    const text = 'Привет, 世界 🎉'.repeat(9);
    expect(wholeFrame(TEXT, text).subarray(4).toString()).toBe(text);
    expect(wholeFrame(TEXT, text).readUInt16BE(2)).toBe(Buffer.byteLength(text));
  });

  it('for a ping', () => {
    expect([...wholeFrame(PING, '17')]).toEqual([0x89, 2, 0x31, 0x37]);
  });

  it('for a pong, whose bytes need not be text', () => {
    expect([...wholeFrame(PONG, Buffer.from([0xff, 0]))]).toEqual([0x8a, 2, 0xff, 0]);
  });
});
