import fc from 'fast-check';
import { type Packet, PacketType } from 'socket.io-parser';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BoundedDecoder, UNREADABLE } from './bounded-decoder.ts';

const decode = (...packets: unknown[]): Packet[] => {
  const decoded: Packet[] = [];
  const decoder = new BoundedDecoder();
  decoder.on('decoded', (packet) => decoded.push(packet));
  for (const packet of packets) decoder.add(packet);
  return decoded;
};

const unreadable = { type: PacketType.EVENT, nsp: '/', data: [UNREADABLE] };
const deep = `${'['.repeat(40)}${']'.repeat(40)}`;

afterEach(() => void vi.useRealTimers());

describe('a packet', () => {
  it('is decoded as Socket.IO does', () => {
    expect(decode('27["call:accept",{"callId":"a"}]')).toEqual([
      { type: PacketType.EVENT, nsp: '/', id: 7, data: ['call:accept', { callId: 'a' }] },
    ]);
    expect(decode('0{"token":"t"}')).toEqual([{ type: PacketType.CONNECT, nsp: '/', data: { token: 't' } }]);
  });

  it.each([
    ['broken JSON', '2["call:accept",{'],
    ['an unknown type', '9["x"]'],
    ['a reserved event name', '2["disconnect"]'],
    ['nesting', `2["call:accept",${deep}]`],
    ['nesting behind a namespace that holds a quote', `2/a",["x",${deep}]`],
    ['a request for a namespace that we do not have', '0/admin,{"token":"t"}'],
    ['a request for a namespace without an end', `0/${'x'.repeat(60_000)}`],
    ['an event for a namespace that we do not have', '2/admin,["x"]'],
    ['a namespace that begins as ours', '2/,x,["x"]'],
    ['a binary event', '51-["x",{"_placeholder":true,"num":0}]'],
    ['a binary acknowledgement', '61-1[{"_placeholder":true,"num":0}]'],
    ['bytes', Buffer.from([1, 2, 3])],
    ['nothing at all', undefined],
  ])('with %s becomes an unreadable event', (_name, packet) => {
    expect(decode(packet)).toEqual([unreadable]);
  });

  it('for our namespace by its name is read', () => {
    expect(decode('0/,{"token":"t"}', '2/,["a"]')).toEqual([
      { type: PacketType.CONNECT, nsp: '/', data: { token: 't' } },
      { type: PacketType.EVENT, nsp: '/', data: ['a'] },
    ]);
  });

  it('that asks for a namespace once too often becomes an unreadable event', () => {
    const asked = decode(...Array.from({ length: 40 }, () => '0{"token":"bad"}'));
    expect(asked.filter(({ type }) => type === PacketType.CONNECT)).toHaveLength(10);
    expect(asked.slice(10)).toEqual(Array.from({ length: 30 }, () => unreadable));
  });

  it('that asks for a namespace is read however often that was done before, as long as that takes time', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const decoded: Packet[] = [];
    const decoder = new BoundedDecoder();
    decoder.on('decoded', (packet) => decoded.push(packet));
    for (let asked = 0; asked < 40; asked += 1) {
      decoder.add('0/chat,{"token":"t"}');
      vi.advanceTimersByTime(1000);
    }
    expect(decoded.map(({ type }) => type)).toEqual(Array.from({ length: 40 }, () => PacketType.CONNECT));
  });

  it('that wanted an answer still gets it', () => {
    expect(decode('212["call:accept",{')).toEqual([{ ...unreadable, id: 12 }]);
    expect(decode('51-12["call:accept",{"_placeholder":true,"num":0}]')).toEqual([{ ...unreadable, id: 12 }]);
    expect(decode('61-12[{"_placeholder":true,"num":0}]')).toEqual([unreadable]);
  });

  it('goes to the namespace that it names, else to the first that the connection asked for', () => {
    const at = (nsp: string, id?: number) => ({ ...unreadable, nsp, ...(id === undefined ? {} : { id }) });
    const [, , ...reported] = decode('0/chat,{"token":"t"}', '0', '2/chat,7["x",{', '2["x",{', '2/other,["x",{', Buffer.from([1]));
    expect(reported).toEqual([at('/chat', 7), at('/chat'), at('/chat'), at('/chat')]);
    expect(decode('0', '0/chat,', '2/chat,["x",{', '2["x",{').slice(2)).toEqual([at('/chat'), at('/')]);
    const binary = ['51-/chat,7["x",{"_placeholder":true,"num":0}]', '51-7["x",{"_placeholder":true,"num":0}]'];
    expect(decode('0', '0/chat,', ...binary).slice(2)).toEqual([at('/chat', 7), at('/', 7)]);
  });

  it('never throws and always says something, whatever it is', () => {
    const start = fc.constantFrom('', '0', '2', '2/', '20', '3', '4', '5', '2["', '2[');
    fc.assert(
      fc.property(start, fc.string({ unit: 'binary' }), (prefix, rest) => {
        expect(decode(prefix + rest)).toHaveLength(1);
      }),
    );
  });

  it('is read after an unreadable one as if nothing had happened', () => {
    expect(decode('51-["x",{"_placeholder":true,"num":0}]', Buffer.from([1]), '2["a"]')).toEqual([
      unreadable,
      unreadable,
      { type: PacketType.EVENT, nsp: '/', data: ['a'] },
    ]);
  });
});
