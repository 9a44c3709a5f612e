import { Encoder, type Packet, PacketType } from 'socket.io-parser';
import { expect, it } from 'vitest';
import { PlainEncoder } from './plain-encoder.ts';

const body = { callId: 'c1', callerName: 'Zoë "Z" 🎉', callerAvatar: null, nested: [{ at: 1 }], missing: undefined };

it.each<[string, Packet]>([
  ['an event', { type: PacketType.EVENT, nsp: '/', data: ['call:incoming', body] }],
  ['an event without a body', { type: PacketType.EVENT, nsp: '/', data: ['typing', undefined] }],
  ['an event of another namespace', { type: PacketType.EVENT, nsp: '/chat', data: ['new_message', body] }],
  ['an acknowledgement', { type: PacketType.ACK, nsp: '/', id: 0, data: [body] }],
  ['an acknowledgement of another namespace', { type: PacketType.ACK, nsp: '/chat', id: 17, data: [{ ok: true }] }],
  ['the answer to a connect', { type: PacketType.CONNECT, nsp: '/', data: { sid: 'x' } }],
  ['the answer to a connect without a body', { type: PacketType.CONNECT, nsp: '/chat' }],
  ['the refusal of a connect', { type: PacketType.CONNECT_ERROR, nsp: '/chat', data: { message: 'no' } }],
  ['a disconnect', { type: PacketType.DISCONNECT, nsp: '/' }],
])('%s is encoded as Socket.IO does', (_name, packet) => {
  expect(new PlainEncoder().encode({ ...packet })).toEqual(new Encoder().encode({ ...packet }));
});

it('one body, to several namespaces and under several names, is each time what it is', () => {
  const [ours, theirs] = [new PlainEncoder(), new Encoder()];
  const events = [['a', body], ['a', body], ['b', body], ['b', { ...body, callId: 'c2' }], ['b'], ['b', body], ['b', body, 1]];
  for (const data of events)
    for (const nsp of ['/', '/chat']) {
      const packet: Packet = { type: PacketType.EVENT, nsp, data };
      expect(ours.encode(packet)).toEqual(theirs.encode({ ...packet }));
    }
});
