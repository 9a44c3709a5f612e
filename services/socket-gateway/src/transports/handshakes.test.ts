import { describe, expect, it } from 'vitest';
import { type Arrival, addressOf, Handshakes } from './handshakes.ts';

const from = (remoteAddress: string, forwarded?: string): Arrival => ({
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  socket: { remoteAddress },
});

describe('the address of a client', () => {
  it.each([
    ['is that of its connection, whatever it claims, where there is no proxy', 0, from('10.0.0.1', '1.2.3.4'), '10.0.0.1'],
    ['is what the proxy saw', 1, from('10.0.0.1', '1.2.3.4'), '1.2.3.4'],
    ['is not what it told the proxy', 1, from('10.0.0.1', '6.6.6.6, 1.2.3.4'), '1.2.3.4'],
    ['is what the outer of two proxies saw', 2, from('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2'), '1.2.3.4'],
    ['is that of the connection where the proxy says nothing', 1, from('10.0.0.1', ''), ''],
  ])('%s', (_name, proxies, arrival, address) => {
    expect(addressOf(arrival, proxies)).toBe(address);
  });
});

describe('handshakes', () => {
  const counting = (perAddress: number, together = 0) => {
    const givenUp: string[] = [];
    let told = 0;
    const onGivenUp = (): void => {
      told += 1;
    };
    const handshakes = new Handshakes({ perAddress, together, trustedProxies: 0, onGivenUp });
    const begin = (address: string, name: string, isPolling = false) =>
      handshakes.begin(from(address), () => givenUp.push(name), isPolling);
    return { begin, givenUp, told: () => told };
  };

  it('past the limit of an address give up the oldest of it, and of no other', () => {
    const { begin, givenUp, told } = counting(2);
    begin('b', 'b1');
    for (const name of ['a1', 'a2', 'a3', 'a4']) begin('a', name);
    begin('b', 'b2');
    expect(givenUp).toEqual(['a1', 'a2']);
    expect(told()).toBe(2);
  });

  it('past the limit of all give up the oldest of all', () => {
    const { begin, givenUp } = counting(0, 2);
    for (const name of ['a', 'b', 'c']) begin(name, name);
    expect(givenUp).toEqual(['a']);
  });

  it('of long polling may be a quarter of all', () => {
    const { begin, givenUp } = counting(0, 8);
    for (const name of ['a', 'b']) begin(name, name);
    for (const name of ['p1', 'p2', 'p3']) begin(name, name, true);
    expect(givenUp).toEqual(['p1']);
  });

  it('that end make room, once', () => {
    const { begin, givenUp } = counting(2);
    const end = begin('a', 'a1');
    begin('a', 'a2');
    end();
    end();
    begin('a', 'a3');
    expect(givenUp).toEqual([]);
    begin('a', 'a4');
    expect(givenUp).toEqual(['a2']);
  });

  it('have no limit at 0', () => {
    const { begin, givenUp } = counting(0);
    for (let count = 0; count < 100; count += 1) begin('a', 'a');
    expect(givenUp).toEqual([]);
  });
});
