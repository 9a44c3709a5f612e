import { z } from 'zod';
import { Call } from './call.ts';
import { Command } from './commands.ts';
import { Refusal } from './errors.ts';
import { CallEvent } from './events.ts';
import { CallId, ChatId, DeviceId, GatewayId, RequestId, SessionId, storableText, UserId } from './ids.ts';
import { Traceparent } from './traceparent.ts';

/**
 * The requests between Trunkline's own processes, `POST` with `Authorization: Bearer <INTERNAL_TOKEN>`. Each takes a list.
 * `link` is the upgrade to a WebSocket, under the same token, over which those of `LINK_PATHS` go too.
 */
export const INTERNAL_PATHS = {
  commands: '/internal/commands',
  sessions: '/internal/sessions',
  deliveries: '/internal/deliveries',
  lease: '/internal/lease',
  due: '/internal/due',
  chatCommands: '/internal/chat-commands',
  claimPushes: '/internal/pushes/claim',
  pushResults: '/internal/pushes/results',
  link: '/internal/link',
} as const;

export const MAX_BATCH = 256;

/** Who acts: from a verified token, and from the connection that it came over. */
export const Actor = z.object({
  userId: UserId,
  name: storableText(200).nullable(),
  avatar: storableText(2048).nullable(),
  role: storableText(64).nullable(),
  deviceId: DeviceId.nullable(),
  /** Null for a REST caller, who has no session and so can never be gone (invariant 13). */
  sessionId: SessionId.nullable(),
});
export type Actor = z.infer<typeof Actor>;

export const CommandEnvelope = z.object({
  /** Minted by the edge, the same at every attempt, so that a command repeated after a lost answer is recognised. */
  commandId: z.string().min(1).max(64),
  attempt: z.int().positive(),
  /** How much longer the edge waits for the answer, in milliseconds as of this attempt: after that it tells its client that it failed. */
  wantedForMs: z.number().nonnegative().optional(),
  actor: Actor,
  command: Command,
  /** The id that the edge minted for a place that brought none, the same at every attempt. */
  mintedCallId: CallId.nullable(),
  requestId: RequestId.nullable(),
  /** Whether the client asked for an answer (an ack, a `requestId`, REST). */
  wantsAnswer: z.boolean(),
  dialect: z.string(),
  traceparent: Traceparent.optional(),
});
export type CommandEnvelope = z.infer<typeof CommandEnvelope>;

export const CommandReply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), call: Call }),
  z.object({ ok: z.literal(false), error: Refusal }),
]);
export type CommandReply = z.infer<typeof CommandReply>;

export const CommandsRequest = z.object({ commands: z.array(CommandEnvelope).min(1).max(MAX_BATCH) });
export type CommandsRequest = z.infer<typeof CommandsRequest>;
/** While Redis is away, what it lacks of the calls that a request was about: the gateway that asked tells its own sessions at once. */
const UntakenEvents = z.array(CallEvent).default([]);
export const CommandsResponse = z.object({ replies: z.array(CommandReply), events: UntakenEvents });

/** `hears`: what the session is told. One that hears chats is a presence of its user, and no device that a call could reach. */
export const OpenedSession = z.object({
  sessionId: SessionId,
  userId: UserId,
  deviceId: DeviceId.nullable(),
  hears: z.enum(['calls', 'chats']).default('calls'),
  /** It wants to know in which of its chats something was said since then, in epoch milliseconds of the database's clock. */
  since: z.number().optional(),
});
export type OpenedSession = z.infer<typeof OpenedSession>;
export const ClosedSession = z.object({
  sessionId: SessionId,
  userId: UserId,
  /** It had not answered for a while before it was closed: what it was told last, nobody may have heard. */
  wasSilent: z.literal(true).optional(),
});
export type ClosedSession = z.infer<typeof ClosedSession>;

/** How much of one chat its reader has not read. */
export const UnreadChat = z.object({ chatId: ChatId, unreadCount: z.int().positive() });
export type UnreadChat = z.infer<typeof UnreadChat>;

/** A chat in which something was said: all behind `afterSeq`, or more than is read of a chat at once; `lastSeq` is the last. */
export const ChatNews = z.object({ chatId: ChatId, afterSeq: z.int().nonnegative(), lastSeq: z.int().positive() });
export type ChatNews = z.infer<typeof ChatNews>;

/** What a session that just opened must know: the latest event of each call that concerns it, or its unread chats (invariant 7). */
export const Snapshot = z.object({
  sessionId: SessionId,
  events: z.array(CallEvent),
  /** Of a session that hears chats, the newest first. */
  unread: z.array(UnreadChat).optional(),
  /** Of a session that asked, the newest first. */
  news: z.array(ChatNews).optional(),
  /** The user has as many connections as one may have: this one is to be closed. */
  refused: z.boolean().default(false),
});
export type Snapshot = z.infer<typeof Snapshot>;

export const SessionsRequest = z.object({
  gatewayId: GatewayId,
  opened: z.array(OpenedSession).max(MAX_BATCH),
  closed: z.array(ClosedSession).max(MAX_BATCH),
});
export const SessionsResponse = z.object({ snapshots: z.array(Snapshot) });

/** A gateway wrote a ring to a session's socket, or knows that a session got a stop. */
export const Delivery = z.object({
  kind: z.enum(['ring', 'stop']),
  callId: CallId,
  userId: UserId,
  deviceId: DeviceId.nullable(),
  sessionId: SessionId,
});
export type Delivery = z.infer<typeof Delivery>;
export const DeliveriesRequest = z.object({ deliveries: z.array(Delivery).min(1).max(MAX_BATCH) });
export const DeliveriesResponse = z.object({ events: UntakenEvents });

export const LeaseRequest = z.object({ gatewayId: GatewayId });
/** `known: false`: the lease had lapsed, so every session of this gateway must be opened anew. */
export const LeaseResponse = z.object({
  known: z.boolean(),
  databaseNow: z.number(),
  /** Sessions of this gateway that the app's backend wants closed. */
  toClose: z.array(SessionId).default([]),
  /** A hook is asked before a call rings, so a place may take a while: nothing else should travel with it. */
  placesAreScreened: z.boolean().default(false),
});
export type LeaseResponse = z.infer<typeof LeaseResponse>;

/** What call-service tells all gateways at once. It is a hint: who misses it hears it with the next lease. */
export const GatewayNotice = z.object({ type: z.literal('disconnect_user'), userId: UserId });
export type GatewayNotice = z.infer<typeof GatewayNotice>;
