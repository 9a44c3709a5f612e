import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connectRawBytes, connectTcp, type RawConnection } from '../wire/websocket-connection.ts';
import { frameBytes, OPCODES } from '../wire/websocket-frames.ts';
import type { Life } from './attack.ts';

/** How much one attacker leaves in its own memory before it waits for the server to read. */
const PATIENCE_BYTES = 1024 * 1024;

/** Waits until the socket is closed or the siege is over, then closes it. Something else may be done every `everyMs`. */
export const hold = async (socket: Socket, { signal, pace }: Life, everyMs = 200, act: () => void = () => undefined): Promise<void> => {
  const closed = once(socket, 'close').catch(() => undefined);
  while (!socket.closed && !signal.aborted) {
    if (socket.writable && socket.writableLength < PATIENCE_BYTES) act();
    await Promise.race([closed, pause(everyMs / pace)]);
  }
  socket.destroy();
};

export const tcpTo = (life: Life): Promise<Socket> => connectTcp(life.gateway, life.localAddress);

const PATHS = ['/ws/chat', '/ws/otomo'] as const;

/** A raw WebSocket of the attacker's, signed in. */
export const signedIn = ({ gateway, token, localAddress, random }: Life): Promise<RawConnection> =>
  connectRawBytes(`${gateway}${PATHS[random() < 0.5 ? 0 : 1]}?token=${token}`, { localAddress });

/** The same over Socket.IO: the engine's WebSocket, and a namespace entered. */
export const signedInOverSocketIo = async (life: Life, namespace: '/' | '/chat' = '/'): Promise<RawConnection> => {
  const connection = await openEngine(life);
  const named = namespace === '/' ? '' : `${namespace},`;
  connection.socket.write(frameBytes(OPCODES.text, `40${named}${JSON.stringify({ token: life.token })}`));
  return connection;
};

/** The engine's WebSocket, with nobody signed in. */
export const openEngine = ({ gateway, localAddress }: Life): Promise<RawConnection> =>
  connectRawBytes(`${gateway}/socket.io/?EIO=4&transport=websocket`, { localAddress });
