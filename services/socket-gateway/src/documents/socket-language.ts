import type { z } from 'zod';

/** What travels on one kind of socket, for those who write its clients. Schemas are of what is on the wire. */
export interface SocketLanguage {
  title: string;
  description: string;
  /** Where a client connects. */
  address: string;
  /** `socket.io`: a word is an event, its schema that of the first argument. `websocket`: a word is a `type`, its schema that of the frame. */
  transport: 'socket.io' | 'websocket';
  /** By word: what a client may say. */
  says: Readonly<Record<string, z.ZodType>>;
  /** By word: what it is told. */
  tells: Readonly<Record<string, z.ZodType>>;
  /** What an answer that was asked for says: the argument of the event's callback, or a frame. */
  acknowledges: z.ZodType;
}
