import { Manager, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

export interface OneConnection extends AsyncDisposable {
  /** Enters a namespace. Rejects with the refusal. */
  enter(namespace: '/' | '/chat', options?: Partial<SocketOptions>): Promise<Socket>;
  /** Writes a packet as it is, so that it can be malformed. */
  write(packet: string): void;
}

/** One Socket.IO connection for several namespaces, as clients have it by default. */
export const oneConnection = (url: string, options: Partial<ManagerOptions> = {}): OneConnection => {
  const manager = new Manager(url, { transports: ['websocket'], reconnection: false, ...options });
  return {
    enter: async (namespace, socketOptions) => {
      const socket = manager.socket(namespace, socketOptions);
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      });
      return socket;
    },
    write: (packet) => void manager.engine.write(packet),
    async [Symbol.asyncDispose]() {
      manager._close();
    },
  };
};
