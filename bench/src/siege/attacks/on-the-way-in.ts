import { setTimeout as pause } from 'node:timers/promises';
import { connectRawBytes } from '../../wire/websocket-connection.ts';
import type { Attack } from '../attack.ts';
import { hold, openEngine, signedIn, tcpTo } from '../held.ts';

const DRIBBLE = 'GET /ws/chat HTTP/1.1\r\nHost: a\r\n';
const FLOOD_PAUSE_MS = 40;

const slowHeaders: Attack = {
  name: 'slow headers',
  unit: 'bytes',
  live: async (life) => {
    const socket = await tcpTo(life);
    socket.write(DRIBBLE);
    await hold(socket, life, 300, () => {
      socket.write(`X-${Math.floor(life.random() * 1e6)}: a\r\n`);
      life.sent(1);
    });
  },
};

const slowBody: Attack = {
  name: 'slow bodies',
  unit: 'bytes',
  live: async (life) => {
    const socket = await tcpTo(life);
    socket.resume();
    socket.write('POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n');
    await hold(socket, life, 300, () => {
      socket.write('x');
      life.sent(1);
    });
  },
};

const silent: Attack = {
  name: 'silent sockets',
  unit: 'connections',
  live: async (life) => {
    const socket = await tcpTo(life);
    socket.resume();
    life.sent(1);
    await hold(socket, life);
  },
};

const half: Attack = {
  name: 'half handshakes',
  unit: 'connections',
  live: async (life) => {
    const { socket } = await openEngine(life);
    life.sent(1);
    await hold(socket, life);
  },
};

const polling: Attack = {
  name: 'polls that never come back',
  unit: 'sessions',
  live: async (life) => {
    const socket = await tcpTo(life);
    socket.resume();
    await hold(socket, life, FLOOD_PAUSE_MS, () => {
      socket.write('GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n');
      life.sent(1);
    });
  },
};

const badTokens: Attack = {
  name: 'handshakes with bad tokens',
  unit: 'handshakes',
  live: async ({ gateway, localAddress, token, pace, sent }) => {
    using _refused = await connectRawBytes(`${gateway}/ws/chat?token=${token}x`, { localAddress });
    sent(1);
    await pause(FLOOD_PAUSE_MS / pace);
  },
};

const comeAndGo: Attack = {
  name: 'sessions that come and go',
  unit: 'handshakes',
  live: async (life) => {
    using _left = await signedIn(life);
    life.sent(1);
    await pause(FLOOD_PAUSE_MS / life.pace);
  },
};

/** Those that have not come in, or come in and go. */
export const ON_THE_WAY_IN: readonly Attack[] = [slowHeaders, slowBody, silent, half, polling, badTokens, comeAndGo];
