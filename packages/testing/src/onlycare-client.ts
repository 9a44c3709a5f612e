import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { Hearing } from './hearing.ts';

export interface HeardEvent {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is asserted by the test, field by field
  body: any;
}

export interface OnlyCareAck {
  ok: boolean;
  success?: boolean;
  call?: { id: string; status: string; channelId: string; durationSeconds: number | null } & Record<string, unknown>;
  error?: { code: string; message: string; callId?: string; status?: string };
}

export interface OnlyCareClient extends AsyncDisposable {
  readonly socket: Socket;
  /** All that was heard, in order. */
  readonly heard: readonly HeardEvent[];
  /** Sends a command with an ack callback. @throws when no ack came within 10 s */
  ask(event: string, body?: unknown): Promise<OnlyCareAck>;
  /** Sends a command as an app that wants no answer. */
  tell(event: string, ...args: unknown[]): void;
  /** Resolves with the body of the first event of that name, heard already or yet to come, that `matches`. */
  // biome-ignore lint/suspicious/noExplicitAny: see HeardEvent
  hears(name: string, matches?: (body: any) => boolean): Promise<any>;
  /** The names of what was heard about one call, in order. */
  namesFor(callId: string): string[];
}

const ACK_PATIENCE_MS = 10_000;

type Options = Partial<ManagerOptions & SocketOptions> & {
  /** Told of every event, after it was added to what was heard. */
  onHeard?: (event: HeardEvent) => void;
};

/** A plain Socket.IO client as OnlyCare's app uses it. Resolves when it is connected; rejects with the refusal. */
export const connectOnlyCare = async (url: string, token: string, { onHeard, ...options }: Options = {}): Promise<OnlyCareClient> => {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  const hearing = new Hearing<HeardEvent>();
  socket.onAny((name: string, body: unknown) => {
    hearing.add({ name, body });
    onHeard?.({ name, body });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', (error) => {
      if (options.reconnection !== true) socket.disconnect();
      reject(error);
    });
  });

  return {
    socket,
    heard: hearing.items,
    hears: async (name, matches = () => true) => (await hearing.first(name, (event) => event.name === name && matches(event.body))).body,
    ask: (event, body) => socket.timeout(ACK_PATIENCE_MS).emitWithAck(event, body),
    tell: (event, ...args) => void socket.emit(event, ...args),
    namesFor: (callId) => hearing.items.filter(({ body }) => body?.callId === callId).map(({ name }) => name),
    async [Symbol.asyncDispose]() {
      socket.disconnect();
    },
  };
};
