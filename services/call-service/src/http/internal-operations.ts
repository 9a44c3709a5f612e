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
import type { z } from 'zod';
import type { Decider } from '../calls/decider.ts';
import { noteDeliveries } from '../calls/deliveries.ts';
import type { AnswerChatCommand } from '../chat/chat-commands.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { ReadUntaken } from '../outbox/untaken.ts';
import type { SessionRegister } from '../sessions/session-register.ts';

export interface InternalOperationsOptions {
  decider: Pick<Decider, 'decide'>;
  answerChatCommand: AnswerChatCommand;
  sessions: SessionRegister;
  notifications: Pick<Notifications, 'claim' | 'record'>;
  readUntaken: ReadUntaken;
  sweepDeadlines(): Promise<void>;
}

export interface OperationAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Takes what was sent as it came: what the contract does not know is refused. What it throws is a bug. */
export type InternalOperation = (sent: unknown) => Promise<OperationAnswer>;

const take =
  <Schema extends z.ZodType>(schema: Schema, answer: (body: z.output<Schema>) => Promise<unknown>): InternalOperation =>
  async (sent) => {
    const parsed = schema.safeParse(sent);
    if (parsed.success) return { status: 200, body: await answer(parsed.data) };
    return { status: ERRORS.parse_error.http, body: { error: refusal('parse_error', { message: parsed.error.issues[0]?.message ?? '' }) } };
  };

/** What Trunkline's own processes may ask, by path, whatever it comes over. Lists in, lists out. */
export const internalOperations = (options: InternalOperationsOptions): ReadonlyMap<string, InternalOperation> => {
  const { decider, answerChatCommand, sessions, notifications, readUntaken, sweepDeadlines } = options;
  return new Map<string, InternalOperation>([
    [
      INTERNAL_PATHS.commands,
      take(CommandsRequest, async ({ commands }) => {
        const replies = await Promise.all(commands.map((envelope) => decider.decide({ kind: 'command', envelope })));
        return { replies, events: await readUntaken(replies.flatMap((reply) => (reply?.ok === true ? [reply.call.id] : []))) };
      }),
    ],
    [
      INTERNAL_PATHS.chatCommands,
      take(ChatCommandsRequest, async ({ commands }) => ({ replies: await Promise.all(commands.map(answerChatCommand)) })),
    ],
    [
      INTERNAL_PATHS.sessions,
      take(SessionsRequest, async ({ gatewayId, opened, closed }) => {
        const snapshots = await sessions.open(gatewayId, opened);
        await sessions.close(gatewayId, closed);
        return { snapshots };
      }),
    ],
    [
      INTERNAL_PATHS.deliveries,
      take(DeliveriesRequest, async ({ deliveries }) => {
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
