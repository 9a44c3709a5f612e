import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { until } from './until.ts';

/** A server that says everything back, behind a proxy, and one connection to it. */
const startEcho = async () => {
  await using starting = new AsyncDisposableStack();
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  starting.defer(() => void server.close());
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const proxy = starting.use(await startFaultProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`));
  const running = starting.move();
  return { proxy, sockets, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

const follow = (socket: Duplex) => {
  const chunks: string[] = [];
  let isClosed = false;
  socket.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  socket
    .on('error', () => undefined)
    .on('close', () => {
      isClosed = true;
    });
  return {
    stopReading: () => void socket.pause(),
    say: (text: string) => void socket.write(text),
    heard: () => chunks.join(''),
    chunks,
    hears: (text: string) => until(`hears ${text}`, () => chunks.join('').endsWith(text)),
    isClosed: () => until('it is closed', () => isClosed),
    [Symbol.dispose]: () => void socket.destroy(),
  };
};

const WAYS = {
  'over a socket': async ({ url }: FaultProxy) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const phone = follow(socket);
    await once(socket, 'connect');
    return phone;
  },
  'within the process': async (proxy: FaultProxy) => {
    const socket = proxy.dial();
    const phone = follow(socket);
    // An open one says nothing.
    await Promise.race([once(socket, 'close'), new Promise(setImmediate)]);
    return phone;
  },
};

describe.each(Object.entries(WAYS))('%s', (_way, dial) => {
  it('what is stalled comes late and whole, in its order', async () => {
    await using echo = await startEcho();
    using phone = await dial(echo.proxy);
    phone.say('a');
    await phone.hears('a');
    echo.proxy.stall('down');
    phone.say('b');
    phone.say('c');
    using other = await dial(echo.proxy);
    other.say('d');
    await until('the other one is known', () => echo.proxy.connections === 2);
    expect([phone.heard(), other.heard()]).toEqual(['a', '']);
    echo.proxy.pass();
    await phone.hears('abc');
    await other.hears('d');
  });

  it('what is swallowed never comes, also when connections carry again', async () => {
    await using echo = await startEcho();
    using phone = await dial(echo.proxy);
    phone.say('a');
    await phone.hears('a');
    echo.proxy.swallow();
    phone.say('b');
    echo.proxy.pass();
    using next = await dial(echo.proxy);
    next.say('c');
    await next.hears('c');
    expect(phone.heard()).toBe('a');
  });

  it('whoever connects once it leads elsewhere comes there, and who is connected stays', async () => {
    await using echo = await startEcho();
    await using another = await startEcho();
    using phone = await dial(echo.proxy);
    phone.say('a');
    await phone.hears('a');
    echo.proxy.leadTo(another.proxy.url);
    using other = await dial(echo.proxy);
    other.say('b');
    phone.say('c');
    await Promise.all([other.hears('b'), phone.hears('ac')]);
    expect([echo.sockets.size, another.sockets.size]).toEqual([1, 1]);
  });

  it('a reset, a refusal and a closed door end connections, and an open door takes new ones at the same address', async () => {
    await using echo = await startEcho();
    using first = await dial(echo.proxy);
    echo.proxy.reset();
    await first.isClosed();
    using second = await dial(echo.proxy);
    second.say('still there');
    await second.hears('still there');
    echo.proxy.refuse();
    await second.isClosed();
    echo.proxy.pass();
    await echo.proxy.close();
    await expect(dial(echo.proxy)).rejects.toThrow('ECONNREFUSED');
    await echo.proxy.open();
    using third = await dial(echo.proxy);
    third.say('again');
    await third.hears('again');
  });

  it('either side learns that the other has gone, and first what that one had said', async () => {
    await using echo = await startEcho();
    using leaving = await dial(echo.proxy);
    leaving.say('a');
    await leaving.hears('a');
    leaving[Symbol.dispose]();
    await until('the target knows', () => echo.sockets.size === 0);
    using left = await dial(echo.proxy);
    left.say('b');
    await left.hears('b');
    for (const socket of echo.sockets) socket.end('farewell');
    await left.isClosed();
    expect(left.heard()).toBe('bfarewell');
  });

  it('who leaves while more comes than it reads is gone too', async () => {
    await using echo = await startEcho();
    using leaving = await dial(echo.proxy);
    leaving.say('a');
    await leaving.hears('a');
    leaving.stopReading();
    leaving.say('x'.repeat(32_000_000));
    await until('it is on its way back', () => [...echo.sockets].some(({ bytesRead }) => bytesRead > 1_000_000));
    leaving[Symbol.dispose]();
    await until('the target knows', () => echo.sockets.size === 0);
  });

  it('drips in small pieces, and cuts after so many bytes', async () => {
    await using echo = await startEcho();
    echo.proxy.drip(2);
    using slow = await dial(echo.proxy);
    slow.say('abcdefgh');
    await slow.hears('abcdefgh');
    expect(slow.chunks.length).toBeGreaterThan(1);
    echo.proxy.drip(null);
    echo.proxy.cutAfter(10);
    using cut = await dial(echo.proxy);
    cut.say('12345');
    await cut.hears('12345');
    cut.say('6');
    await cut.isClosed();
    expect(cut.heard()).toBe('12345');
  });

  it('who watches sees what passes before it is carried, and may hold it', async () => {
    await using echo = await startEcho();
    const seen: string[] = [];
    echo.proxy.watch((chunk, direction) => {
      seen.push(`${direction} ${chunk}`);
      return String(chunk) === 'stop' ? 'hold' : 'carry';
    });
    using phone = await dial(echo.proxy);
    phone.say('go');
    await phone.hears('go');
    phone.say('stop');
    await until('it was seen', () => seen.includes('up stop'));
    expect(seen).toEqual(['up go', 'down go', 'up stop']);
    expect(phone.heard()).toBe('go');
  });

  it('what is delayed comes later than what is not', async () => {
    await using echo = await startEcho();
    using phone = await dial(echo.proxy);
    echo.proxy.delay(120);
    phone.say('late');
    const sentAt = performance.now();
    await phone.hears('late');
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(200);
  });
});
