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
  const counting = (perAddress: number) => {
    let refused = 0;
    const onRefused = (): void => {
      refused += 1;
    };
    return { handshakes: new Handshakes({ perAddress, trustedProxies: 0, onRefused }), refused: () => refused };
  };

  it('of one address are so many, and of another again so many', () => {
    const { handshakes, refused } = counting(2);
    handshakes.begin(from('a'));
    handshakes.begin(from('a'));
    expect(handshakes.hasRoom(from('a'))).toBe(false);
    expect(handshakes.hasRoom(from('b'))).toBe(true);
    expect(refused()).toBe(1);
  });

  it('that end make room, once', () => {
    const { handshakes } = counting(2);
    const end = handshakes.begin(from('a'));
    handshakes.begin(from('a'));
    end();
    end();
    expect(handshakes.hasRoom(from('a'))).toBe(true);
    handshakes.begin(from('a'));
    expect(handshakes.hasRoom(from('a'))).toBe(false);
  });

  it('have no limit at 0', () => {
    const { handshakes } = counting(0);
    for (let count = 0; count < 100; count += 1) handshakes.begin(from('a'));
    expect(handshakes.hasRoom(from('a'))).toBe(true);
  });
});
