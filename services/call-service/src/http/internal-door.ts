import {
  ChatCommandsRequest,
  ClaimPushesRequest,
  CommandsRequest,
  DeliveriesRequest,
  ERRORS,
  INTERNAL_PATHS,
  LeaseRequest,
  PushResultsRequest,
  refusal,
  SessionsRequest,
} from '@trunkline/contract';
import { bearerToken, isSameSecret } from '@trunkline/service-kit';
import express, { type RequestHandler, type Router } from 'express';
import type { z } from 'zod';
import type { Decider } from '../calls/decider.ts';
import { noteDeliveries } from '../calls/deliveries.ts';
import type { AnswerChatCommand } from '../chat/chat-commands.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { ReadUntaken } from '../outbox/untaken.ts';
import type { SessionRegister } from '../sessions/session-register.ts';

export interface InternalDoorOptions {
  /** Any of these lets in. */
  internalTokens: readonly string[];
  decider: Pick<Decider, 'decide'>;
  answerChatCommand: AnswerChatCommand;
  sessions: SessionRegister;
  notifications: Pick<Notifications, 'claim' | 'record'>;
  readUntaken: ReadUntaken;
  sweepDeadlines(): Promise<void>;
}

const MAX_BODY = '4mb';

const requireToken =
  (internalTokens: readonly string[]): RequestHandler =>
  (request, response, next) => {
    const token = bearerToken(request.headers.authorization);
    if (token !== null && internalTokens.filter((known) => isSameSecret(token, known)).length > 0) return next();
    response.status(ERRORS.unauthenticated.http).json({ error: refusal('unauthenticated') });
  };

const take =
  <Schema extends z.ZodType>(schema: Schema, answer: (body: z.output<Schema>) => Promise<unknown>): RequestHandler =>
  async (request, response) => {
    const parsed = schema.safeParse(request.body);
    if (parsed.success) response.json(await answer(parsed.data));
    else
      response.status(ERRORS.parse_error.http).json({ error: refusal('parse_error', { message: parsed.error.issues[0]?.message ?? '' }) });
  };

/** The door for Trunkline's own processes. Lists in, lists out; who holds the token may speak for every user. */
export const internalDoor = (options: InternalDoorOptions): Router => {
  const { internalTokens, decider, answerChatCommand, sessions, notifications, readUntaken, sweepDeadlines } = options;
  const door = express.Router();
  door.use('/internal', requireToken(internalTokens), express.json({ limit: MAX_BODY }));
  door.post(
    INTERNAL_PATHS.commands,
    take(CommandsRequest, async ({ commands }) => {
      const replies = await Promise.all(commands.map((envelope) => decider.decide({ kind: 'command', envelope })));
      return { replies, events: await readUntaken(replies.flatMap((reply) => (reply?.ok === true ? [reply.call.id] : []))) };
    }),
  );
  door.post(
    INTERNAL_PATHS.chatCommands,
    take(ChatCommandsRequest, async ({ commands }) => ({ replies: await Promise.all(commands.map(answerChatCommand)) })),
  );
  door.post(
    INTERNAL_PATHS.sessions,
    take(SessionsRequest, async ({ gatewayId, opened, closed }) => {
      const snapshots = await sessions.open(gatewayId, opened);
      await sessions.close(gatewayId, closed);
      return { snapshots };
    }),
  );
  door.post(
    INTERNAL_PATHS.deliveries,
    take(DeliveriesRequest, async ({ deliveries }) => {
      await noteDeliveries(decider, deliveries);
      return { events: await readUntaken(deliveries.map(({ callId }) => callId)) };
    }),
  );
  door.post(
    INTERNAL_PATHS.lease,
    take(LeaseRequest, ({ gatewayId }) => sessions.renewLease(gatewayId)),
  );
  door.post(
    INTERNAL_PATHS.claimPushes,
    take(ClaimPushesRequest, async ({ pushes }) => ({ pushes: await notifications.claim(pushes) })),
  );
  door.post(
    INTERNAL_PATHS.pushResults,
    take(PushResultsRequest, async ({ results }) => {
      await notifications.record(results);
      return {};
    }),
  );
  door.post(INTERNAL_PATHS.due, async (_request, response) => {
    await sweepDeadlines();
    response.json({});
  });
  return door;
};
