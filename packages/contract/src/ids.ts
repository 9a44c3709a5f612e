import { z } from 'zod';

/** Text that PostgreSQL can store and JSON can carry: no NUL, no lone surrogate. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Free text from a client: at most `max` UTF-16 code units, storable. */
export const storableText = (max: number) => z.string().max(max).refine(isStorable, 'contains characters that cannot be stored');

/** The `sub` of a token: opaque, 1–128 characters. */
export const UserId = z.string().min(1).max(128).refine(isStorable, 'contains characters that cannot be stored').brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

/** Given by the client or minted as UUIDv7; either way `[A-Za-z0-9_-]{1,64}`. */
export const CallId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1–64 characters of A–Z, a–z, 0–9, "_" and "-"')
  .brand<'CallId'>();
export type CallId = z.infer<typeof CallId>;

/** Words that are routes under `/api/v1/calls/`, which no call may have as its id. */
export const RESERVED_CALL_IDS: ReadonlySet<string> = new Set(['initiate', 'history', 'ringing']);

/** One connection of one device to one gateway. */
export const SessionId = z.string().min(1).max(64).brand<'SessionId'>();
export type SessionId = z.infer<typeof SessionId>;

/** The `device_id` claim of a token: one installation of the app. */
export const DeviceId = z.string().min(1).max(128).refine(isStorable, 'contains characters that cannot be stored').brand<'DeviceId'>();
export type DeviceId = z.infer<typeof DeviceId>;

export const GatewayId = z.string().min(1).max(64).brand<'GatewayId'>();
export type GatewayId = z.infer<typeof GatewayId>;

/** The client's name for one command; sent again, it gets the first answer again (invariant 9). */
export const RequestId = z.string().min(1).max(128).refine(isStorable, 'contains characters that cannot be stored').brand<'RequestId'>();
export type RequestId = z.infer<typeof RequestId>;

/** In lower case, however a client writes it: rooms and look-ups go by the text. */
export const ChatId = z.uuid().toLowerCase().brand<'ChatId'>();
export type ChatId = z.infer<typeof ChatId>;
