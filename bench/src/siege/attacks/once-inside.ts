import { frameBytes, OPCODES } from '../../wire/websocket-frames.ts';
import type { Attack } from '../attack.ts';
import { hold, signedIn, signedInOverSocketIo } from '../held.ts';

const { continuation, ping, text } = OPCODES;

const BURST_EVERY_MS = 100;

const repeated = (bytes: Buffer, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

const PINGS = repeated(frameBytes(ping, 'p'.repeat(125)), 400);
const ASKS = repeated(frameBytes(text, JSON.stringify({ type: 'nothing', requestId: 'r'.repeat(128), payload: {} })), 15);
const ASKS_OVER_SOCKET_IO = repeated(frameBytes(text, '421["nothing",{}]'), 15);
const CRUMBS = Buffer.concat([frameBytes(text, '"', { fin: false }), repeated(frameBytes(continuation, 'x', { fin: false }), 120)]);
const CRUMBS_END = frameBytes(continuation, '"');
const TOO_LARGE = frameBytes(text, `{"type":"${'x'.repeat(70_000)}"}`);
const DEEP = frameBytes(text, `{"payload":${'['.repeat(60_000)}`);
const DEEP_OVER_SOCKET_IO = frameBytes(text, `42["x",${'['.repeat(60_000)}`);

const slowReaders: Attack = {
  name: 'slow readers',
  unit: 'commands',
  live: async (life) => {
    const { socket } = await signedIn(life);
    socket.pause();
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(ASKS);
      life.sent(15);
    });
  },
};

const slowReadersOverSocketIo: Attack = {
  name: 'slow readers on Socket.IO',
  unit: 'commands',
  live: async (life) => {
    const { socket } = await signedInOverSocketIo(life);
    socket.pause();
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(ASKS_OVER_SOCKET_IO);
      life.sent(15);
    });
  },
};

/** Reads its pongs or does not; on a raw WebSocket or below Socket.IO. */
const pingFlood = (name: string, connect: typeof signedIn, reads: boolean): Attack => ({
  name,
  unit: 'pings',
  live: async (life) => {
    const { socket } = await connect(life);
    if (!reads) socket.pause();
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(PINGS);
      life.sent(400);
    });
  },
});

const crumbs: Attack = {
  name: 'messages in crumbs',
  unit: 'fragments',
  live: async (life) => {
    const { socket } = await signedIn(life);
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(CRUMBS);
      socket.write(CRUMBS_END);
      life.sent(122);
    });
  },
};

const neverFinished: Attack = {
  name: 'messages that never end',
  unit: 'fragments',
  live: async (life) => {
    const { socket } = await signedIn(life);
    socket.write(frameBytes(text, 'x', { fin: false }));
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(frameBytes(continuation, 'x'.repeat(500), { fin: false }));
      life.sent(1);
    });
  },
};

const large: Attack = {
  name: 'messages that are too large',
  unit: 'messages',
  live: async (life) => {
    const { socket } = life.random() < 0.5 ? await signedIn(life) : await signedInOverSocketIo(life);
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(TOO_LARGE);
      life.sent(1);
    });
  },
};

const deep: Attack = {
  name: 'JSON that nests without end',
  unit: 'messages',
  live: async (life) => {
    const isRaw = life.random() < 0.5;
    const { socket } = await (isRaw ? signedIn : signedInOverSocketIo)(life);
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(isRaw ? DEEP : DEEP_OVER_SOCKET_IO);
      life.sent(1);
    });
  },
};

/** Those that have a good token. */
export const ONCE_INSIDE: readonly Attack[] = [
  slowReaders,
  slowReadersOverSocketIo,
  pingFlood('ping floods', signedIn, true),
  pingFlood('ping floods, never read', signedIn, false),
  pingFlood('ping floods below Socket.IO', signedInOverSocketIo, true),
  crumbs,
  neverFinished,
  large,
  deep,
];
