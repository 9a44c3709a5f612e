import { signal } from '@preact/signals';

/** A socket where there is no network: it is closed before it was open. */
class DeadSocket extends EventTarget {
  readonly readyState = WebSocket.CLOSED;
  onerror: ((event: Event) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;

  constructor() {
    super();
    queueMicrotask(() => {
      this.onerror?.(new Event('error'));
      this.onclose?.(new CloseEvent('close', { code: 1006 }));
    });
  }

  send(): void {
    // Nobody hears it.
  }

  close(): void {
    // It is closed.
  }
}

/** Whether this page's phone has a network. */
export const isOnline = signal(true);

const open = new Set<WebSocket>();

/** Lets the page's network be switched off: its sockets are cut, and no new one comes about. */
export const installNetworkSwitch = (): void => {
  const RealSocket = globalThis.WebSocket;
  const fetchOnline = globalThis.fetch.bind(globalThis);
  globalThis.WebSocket = new Proxy(RealSocket, {
    construct: (target, args: [string, (string | string[])?]) => {
      if (!isOnline.value) return new DeadSocket();
      const socket = new target(...args);
      open.add(socket);
      socket.addEventListener('close', () => open.delete(socket));
      return socket;
    },
  });
  globalThis.fetch = (...args) => (isOnline.value ? fetchOnline(...args) : Promise.reject(new TypeError('There is no network')));
};

export const goOffline = (): void => {
  isOnline.value = false;
  for (const socket of open) socket.close();
};

export const goOnline = (): void => {
  isOnline.value = true;
};
