import { createHash } from 'node:crypto';
import { connectRawBytes, type Frame, frameBytes, OPCODES, type RawConnection } from '@trunkline/bench';
import { mintToken, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WEBSOCKET_CASES } from './websocket-cases.ts';

let system: System;
let url: string;

beforeAll(async () => {
  system = await startSystem({ gateways: 1, settings: { LIMIT_CONNECTIONS_PER_USER: '0' } });
  url = `${system.gateways[0]?.url}/ws/chat?token=${await mintToken('ann')}`;
});
afterAll(() => system[Symbol.asyncDispose]());

const LAST = 'the last ping';

const wordFor = ({ opcode, payload }: Frame): string => {
  if (opcode === OPCODES.pong) return `pong ${payload.toString('latin1')}`;
  if (opcode === OPCODES.close) return `close ${payload.length < 2 ? 1005 : payload.readUInt16BE(0)}`;
  if (opcode !== OPCODES.text) return `a frame of the opcode ${opcode}`;
  const { type, requestId } = JSON.parse(payload.toString()) as { type: string; requestId?: string };
  if (type === 'ack') return `ack ${requestId}`;
  return type === 'call_error' ? 'refused' : type;
};

const heardBy = (connection: RawConnection): string[] => [...connection.frames.map(wordFor), ...(connection.isEnded ? ['end'] : [])];

/** Waits until the server has closed the connection, or answered a last ping. */
const settle = async (connection: RawConnection): Promise<string[]> => {
  connection.socket.write(frameBytes(OPCODES.ping, LAST));
  await until('the end of the case', () => connection.isEnded || heardBy(connection).includes(`pong ${LAST}`));
  return heardBy(connection).filter((word) => word !== `pong ${LAST}`);
};

describe.each(Object.entries(WEBSOCKET_CASES))('%s', (_group, cases) => {
  it.each(cases)('$name', async ({ writes, heard }) => {
    using connection = await connectRawBytes(url);
    for (const bytes of writes) {
      // Each write becomes a packet of its own once the one before has left.
      await new Promise<void>((resolve) => connection.socket.write(bytes, () => resolve()));
    }
    expect(await settle(connection)).toEqual(heard);
    for (const { fin, rsv, masked } of connection.frames) expect({ fin, rsv, masked }).toEqual({ fin: true, rsv: 0, masked: false });
  });
});

describe('the handshake', () => {
  it('proves that the key was read, and takes no extension that was offered', async () => {
    const key = Buffer.from('sixteen bytes!!!').toString('base64');
    const headers = { 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
    using connection = await connectRawBytes(url, { headers });
    expect(connection.handshake.status).toBe(101);
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(connection.handshake.headers.get('sec-websocket-accept')).toBe(accept);
    expect(connection.handshake.headers.has('sec-websocket-extensions')).toBe(false);
  });

  it.each([
    ['of another version', { headers: { 'Sec-WebSocket-Version': '12' } }, 400],
    ['without a version', { headers: { 'Sec-WebSocket-Version': null } }, 400],
    ['without a key', { headers: { 'Sec-WebSocket-Key': null } }, 400],
    ['with a key that is too short', { headers: { 'Sec-WebSocket-Key': 'c2hvcnQ=' } }, 400],
    ['for another protocol', { headers: { Upgrade: 'h2c' } }, 400],
    ['by POST', { method: 'POST' }, 405],
  ])('%s is refused', async (_name, options, status) => {
    using connection = await connectRawBytes(url, options);
    expect(connection.handshake.status).toBe(status);
  });
});
