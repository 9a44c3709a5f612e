import type { ErrorCode } from '@trunkline/contract';
import type { z } from 'zod';

export const TAGS = {
  calls: 'Calls, as in Chattrix: answers come in an envelope.',
  users: 'Whom one blocks, and who is online.',
  chats: 'Chats and their messages, as in Otsy: answers are bare objects. Fields are also taken in camelCase.',
  notifications: 'Push targets, preferences and history of a user.',
  server: "For the app's backend, with a server API key.",
  operations: 'For probes and scrapers.',
} as const;

/** What one route takes and answers. The routes that a replica has and these are compared by a test, both ways. */
export interface Operation {
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  /** Whose token it wants. */
  asks: 'user' | 'server' | 'user_or_server' | 'nobody';
  query?: z.ZodObject;
  body?: z.ZodType;
  /** The body's fields are taken in `snake_case`, as documented, and in camelCase. */
  snakeCase?: true;
  /** The body may be left out. */
  bodyOptional?: true;
  /** `Idempotency-Key` is heeded. */
  idempotent?: true;
  /** By status: what it says, and of what shape (without the envelope of `/api`). */
  answers: Readonly<Record<number, Answer>>;
  /** Beside those that come with the token, the body and the server itself. */
  refusals?: readonly ErrorCode[];
}

export interface Answer {
  what: string;
  schema?: z.ZodType;
  /** Of another kind than JSON. */
  mediaType?: string;
}

/** By method and path as express has it: `GET /api/v1/calls/:callId`. */
export type Operations = Readonly<Record<string, Operation>>;
