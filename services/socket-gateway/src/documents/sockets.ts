import { CHATTRIX_SOCKET } from './chattrix-socket.ts';
import { ONLYCARE_SOCKET } from './onlycare-socket.ts';
import { OTOMO_SOCKET } from './otomo-socket.ts';
import { OTSY_SOCKET } from './otsy-socket.ts';
import type { SocketLanguage } from './socket-language.ts';

/** Every dialect by its name. */
export const SOCKETS = {
  onlycare: ONLYCARE_SOCKET,
  chattrix: CHATTRIX_SOCKET,
  otomo: OTOMO_SOCKET,
  otsy: OTSY_SOCKET,
} as const satisfies Readonly<Record<string, SocketLanguage>>;
