import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { Hearing } from './hearing.ts';
import type { HeardEvent } from './onlycare-client.ts';

export interface OtsyMessage {
  id: string;
  chat_id: string;
  sender_id: string;
  content: string;
  type: string;
  client_message_id: string | null;
  created_at: string;
  read_at: string | null;
}

export interface OtsyAck {
  ok: boolean;
  message?: OtsyMessage;
  error?: { code: string; message: string; field?: string };
}

export interface OtsyClient extends AsyncDisposable {
  readonly socket: Socket;
  /** All that was heard, in order. */
  readonly heard: readonly HeardEvent[];
  /** Sends an event with an ack callback. @throws when no ack came within 10 s */
  ask(event: string, body?: unknown): Promise<OtsyAck>;
  /** Sends an event as an app that wants no answer. */
  tell(event: string, ...args: unknown[]): void;
  /** Resolves with the body of the first event of that name, heard already or yet to come, that `matches`. */
  // biome-ignore lint/suspicious/noExplicitAny: see HeardEvent
  hears(name: string, matches?: (body: any) => boolean): Promise<any>;
  /** The bodies of all that was heard under that name, in order. */
  // biome-ignore lint/suspicious/noExplicitAny: see HeardEvent
  bodies(name: string): any[];
}

const ACK_PATIENCE_MS = 10_000;

/** A plain Socket.IO client on `/chat`, as Otsy's app uses it. Resolves when it heard `connected`; rejects with the refusal. */
export const connectOtsy = async (
  url: string,
  token: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<OtsyClient> => {
  const socket = io(`${url}/chat`, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  const hearing = new Hearing<HeardEvent>();
  socket.onAny((name: string, body: unknown) => hearing.add({ name, body }));
  await new Promise<void>((resolve, reject) => {
    socket.once('connected', () => resolve());
    socket.once('disconnect', (reason) => reject(new Error(`disconnected: ${reason}`)));
    socket.once('connect_error', (error) => {
      socket.disconnect();
      reject(error);
    });
  });

  return {
    socket,
    heard: hearing.items,
    hears: async (name, matches = () => true) => (await hearing.first(name, (event) => event.name === name && matches(event.body))).body,
    ask: (event, body) => socket.timeout(ACK_PATIENCE_MS).emitWithAck(event, body),
    tell: (event, ...args) => void socket.emit(event, ...args),
    bodies: (name) => hearing.items.filter((event) => event.name === name).map(({ body }) => body),
    async [Symbol.asyncDispose]() {
      socket.disconnect();
    },
  };
};
