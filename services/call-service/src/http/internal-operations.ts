import {
  ChatCommandEnvelope,
  ChatCommandsRequest,
  ClaimPushesRequest,
  ClosedSession,
  CommandEnvelope,
  CommandsRequest,
  DeliveriesRequest,
  Delivery,
  ERRORS,
  INTERNAL_PATHS,
  LeaseRequest,
  OpenedSession,
  PushResultsRequest,
  refusal,
  SessionsRequest,
} from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { z } from 'zod';
import type { Decider } from '../calls/decider.ts';
import { noteDeliveries } from '../calls/deliveries.ts';
import type { AnswerChatCommand } from '../chat/chat-commands.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { ReadUntaken } from '../outbox/untaken.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import { problemIn } from './problem.ts';
import { listOf, readInParts, Unreadable, withoutUnreadable } from './read-in-parts.ts';

export interface InternalOperationsOptions {
  decider: Pick<Decider, 'decide'>;
  answerChatCommand: AnswerChatCommand;
  sessions: SessionRegister;
  notifications: Pick<Notifications, 'claim' | 'record'>;
  readUntaken: ReadUntaken;
  sweepDeadlines(): Promise<void>;
  logger: Logger;
}

export interface OperationAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Takes what was sent as it came: what the contract does not know is refused. What it throws is a bug. */
export type InternalOperation = (sent: unknown) => Promise<OperationAnswer>;

const COMMANDS_IN_PARTS = CommandsRequest.extend({ commands: listOf(CommandEnvelope).min(1) });
const CHAT_COMMANDS_IN_PARTS = ChatCommandsRequest.extend({ commands: listOf(ChatCommandEnvelope).min(1) });
const DELIVERIES_IN_PARTS = DeliveriesRequest.extend({ deliveries: listOf(Delivery).min(1) });
const SESSIONS_IN_PARTS = SessionsRequest.extend({ opened: listOf(OpenedSession), closed: listOf(ClosedSession) });

type Reader<Body> = { safeParse(sent: unknown): z.ZodSafeParseResult<Body> };

const take =
  <Body>(reader: Reader<Body>, answer: (body: Body) => Promise<unknown>): InternalOperation =>
  async (sent) => {
    const parsed = reader.safeParse(sent);
    if (parsed.success) return { status: 200, body: await answer(parsed.data) };
    return { status: ERRORS.parse_error.http, body: { error: refusal('parse_error', { message: parsed.error.issues[0]?.message ?? '' }) } };
  };

/**
 * What Trunkline's own processes may ask, by path, whatever it comes over. Lists in, lists out. Of what gateways send, an entry that cannot
 * be read, as from a newer one, is no matter of its neighbours: a command is refused in its place, anything else is left out.
 */
export const internalOperations = (options: InternalOperationsOptions): ReadonlyMap<string, InternalOperation> => {
  const { decider, answerChatCommand, sessions, notifications, readUntaken, sweepDeadlines, logger } = options;
  const inParts = <Parts extends z.ZodType>(path: string, whole: z.ZodType<z.output<Parts>>, parts: Parts): Reader<z.output<Parts>> =>
    readInParts(whole, parts, (error) => logger.warn({ route: path, problem: problemIn(error) }, 'a request could be read in parts only'));
  return new Map<string, InternalOperation>([
    [
      INTERNAL_PATHS.commands,
      take(inParts(INTERNAL_PATHS.commands, CommandsRequest, COMMANDS_IN_PARTS), async ({ commands }) => {
        const replies = await Promise.all(
          commands.map((sent) => (sent instanceof Unreadable ? sent.reply : decider.decide({ kind: 'command', envelope: sent }))),
        );
        return { replies, events: await readUntaken(replies.flatMap((reply) => (reply?.ok === true ? [reply.call.id] : []))) };
      }),
    ],
    [
      INTERNAL_PATHS.chatCommands,
      take(inParts(INTERNAL_PATHS.chatCommands, ChatCommandsRequest, CHAT_COMMANDS_IN_PARTS), async ({ commands }) => ({
        replies: await Promise.all(commands.map((sent) => (sent instanceof Unreadable ? sent.reply : answerChatCommand(sent)))),
      })),
    ],
    [
      INTERNAL_PATHS.sessions,
      take(inParts(INTERNAL_PATHS.sessions, SessionsRequest, SESSIONS_IN_PARTS), async ({ gatewayId, opened, closed }) => {
        const snapshots = await sessions.open(gatewayId, withoutUnreadable(opened));
        await sessions.close(gatewayId, withoutUnreadable(closed));
        return { snapshots };
      }),
    ],
    [
      INTERNAL_PATHS.deliveries,
      take(inParts(INTERNAL_PATHS.deliveries, DeliveriesRequest, DELIVERIES_IN_PARTS), async (sent) => {
        const deliveries = withoutUnreadable(sent.deliveries);
        await noteDeliveries(decider, deliveries);
        return { events: await readUntaken(deliveries.map(({ callId }) => callId)) };
      }),
    ],
    [INTERNAL_PATHS.lease, take(LeaseRequest, ({ gatewayId }) => sessions.renewLease(gatewayId))],
    [INTERNAL_PATHS.claimPushes, take(ClaimPushesRequest, async ({ pushes }) => ({ pushes: await notifications.claim(pushes) }))],
    [
      INTERNAL_PATHS.pushResults,
      take(PushResultsRequest, async ({ results }) => {
        await notifications.record(results);
        return {};
      }),
    ],
    [
      INTERNAL_PATHS.due,
      async () => {
        await sweepDeadlines();
        return { status: 200, body: {} };
      },
    ],
  ]);
};
