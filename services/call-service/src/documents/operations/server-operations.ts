import { CallState, EndReason, MessageView } from '@trunkline/contract';
import { z } from 'zod';
import { Speech, UserEvent } from '../../chat/server-bodies.ts';
import { Role } from '../../chat/server-routes.ts';
import { BulkBody } from '../../notifications/bulk-body.ts';
import type { CallTrace } from '../../traces/call-trace.ts';
import { FeedQuery, FeedStep } from '../../traces/step-feed.ts';
import type { CallStatistics } from '../../traces/trace-reader.ts';
import { StatisticsQuery } from '../../traces/trace-routes.ts';
import { type Reach, VERDICTS, type Verdict } from '../../traces/verdict.ts';
import type { Erasure } from '../../users/erase.ts';
import type { Operations } from '../operation.ts';

const { messageType, ...speech } = Speech.shape;
const Said = z.object({ ...speech, content: speech.content.default(''), type: messageType });

const VerdictWord = z.enum(Object.keys(VERDICTS) as [Verdict, ...Verdict[]]);
const ReachWord: z.ZodType<Reach> = z.enum([
  'shown',
  'written',
  'push_accepted',
  'push_queued',
  'push_failed',
  'push_target_gone',
  'nowhere',
]);

const detail = z.record(z.string(), z.unknown()).nullable();
const step = { kind: z.string(), sinceMs: z.int().describe('Milliseconds since the call was placed'), detail };

const Trace: z.ZodType<CallTrace> = z
  .object({
    callId: z.string(),
    callerId: z.string(),
    calleeId: z.string(),
    state: CallState,
    reason: EndReason.nullable(),
    placedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    verdict: VerdictWord,
    says: z.string(),
    reach: ReachWord,
    devices: z.array(
      z.object({
        side: z.enum(['caller', 'callee']),
        userId: z.string(),
        deviceId: z.string().nullable(),
        sessionIds: z.array(z.string()),
        steps: z.array(z.object(step)),
      }),
    ),
    steps: z.array(
      z.object({
        ...step,
        at: z.iso.datetime(),
        side: z.enum(['caller', 'callee', 'system']),
        deviceId: z.string().nullable(),
        sessionId: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'CallTrace' });

const Share = z.object({ calls: z.int(), share: z.number() });

const Statistics: z.ZodType<CallStatistics> = z
  .object({
    minutes: z.int(),
    calls: z.int(),
    isSample: z.boolean().describe('There were more calls: these are the newest'),
    verdicts: z.partialRecord(VerdictWord, Share),
    ways: z.array(
      z.object({
        platform: z.string(),
        provider: z.string().nullable().describe('null: a connection of ours'),
        rings: z.int(),
        reached: Share,
        woke: Share,
        answered: Share,
      }),
    ),
  })
  .meta({ id: 'CallStatistics' });

const Erased: z.ZodType<Erasure> = z
  .object({
    user_id: z.string(),
    pseudonym: z.string(),
    complete: z.boolean(),
    live_calls: z.int(),
    open_sessions: z.int().describe('Connections that are being closed: ask again'),
    left_chats: z.int(),
    done: z.record(
      z.string(),
      z.object({
        how: z.enum(['deleted', 'pseudonymised', 'emptied', 'expires', 'nobody']),
        rows: z.int().exactOptional(),
        within: z.string().exactOptional(),
        of_others: z
          .object({ how: z.literal('pseudonymised'), rows: z.int() })
          .exactOptional()
          .describe('Rows that are somebody else’s, and named the person'),
      }),
    ),
  })
  .meta({ id: 'Erasure' });

const count = z.int();
const Progress = z
  .object({
    id: z.uuid(),
    type: z.string(),
    status: z.enum(['waiting', 'sending', 'done']),
    users: count.nullable().describe('null: everybody, and nobody has counted them yet'),
    queued: count,
    accepted: count,
    failed: count,
    expired: count,
    dropped: count,
    sendAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'BulkProgress' });

const member = { chat_id: z.uuid(), user_id: z.string() };

export const SERVER_OPERATIONS: Operations = {
  'GET /v1/server/calls/:callId/trace': {
    tag: 'server',
    summary: 'Why a call went as it went',
    asks: 'server',
    answers: { 200: { what: 'Its steps, by time and by device, and one verdict', schema: Trace } },
    refusals: ['call_not_found'],
  },
  'GET /v1/server/stats': {
    tag: 'server',
    summary: 'How calls go of late',
    asks: 'server',
    query: StatisticsQuery,
    answers: { 200: { what: 'The calls of these minutes by verdict', schema: Statistics } },
  },
  'GET /v1/server/steps': {
    tag: 'server',
    summary: 'What happens to calls, step by step',
    description: 'For looking on: of one call, of one person’s calls, or of all. Without `after` it answers where to begin.',
    asks: 'server',
    query: z.object(FeedQuery.shape),
    answers: {
      200: {
        what: 'At most 500 steps, and what to ask for as `after` next',
        schema: z.object({ steps: z.array(FeedStep), next: z.int() }),
      },
    },
  },
  'POST /v1/server/events': {
    tag: 'server',
    summary: 'Tell users, or the members of a chat, of something',
    description: 'Whoever cannot see it now is pushed it, so that `data` must fit into a push. Fields are also taken in snake_case.',
    asks: 'server',
    body: UserEvent,
    idempotent: true,
    answers: { 202: { what: 'It is stored', schema: z.object({ id: z.uuid(), recipients: z.int() }) } },
    refusals: ['chat_not_found', 'conflict'],
  },
  'POST /v1/server/chats/:chatId/messages': {
    tag: 'server',
    summary: 'Say something in a chat, as the system or as a bot',
    asks: 'server',
    body: Said,
    snakeCase: true,
    idempotent: true,
    answers: { 201: { what: 'The message', schema: MessageView } },
    refusals: ['chat_not_found', 'conflict'],
  },
  'PUT /v1/server/chats/:chatId/members/:userId': {
    tag: 'server',
    summary: 'Let somebody into a chat',
    asks: 'server',
    body: Role,
    bodyOptional: true,
    answers: {
      200: { what: 'A member', schema: z.object({ ...member, role: Role.shape.role.unwrap(), member: z.literal(true) }) },
    },
    refusals: ['chat_not_found', 'invalid_status'],
  },
  'DELETE /v1/server/chats/:chatId/members/:userId': {
    tag: 'server',
    summary: 'Put somebody out of a chat, at once',
    asks: 'server',
    answers: { 200: { what: 'No member', schema: z.object({ ...member, member: z.literal(false) }) } },
    refusals: ['chat_not_found', 'parse_error'],
  },
  'DELETE /v1/server/users/:userId': {
    tag: 'server',
    summary: 'Disconnect and forget a person',
    description: 'Where it is not `complete`, a call still lives or a connection could not be closed yet: ask again.',
    asks: 'server',
    answers: { 200: { what: 'What became of the rows of each table', schema: Erased } },
    refusals: ['parse_error'],
  },
  'POST /v1/server/notifications': {
    tag: 'server',
    summary: 'Push something to many',
    asks: 'server',
    body: BulkBody,
    answers: { 202: { what: 'It is taken in', schema: z.object({ id: z.uuid(), duplicate: z.boolean() }) } },
    refusals: ['conflict'],
  },
  'GET /v1/server/notifications/:id': {
    tag: 'server',
    summary: 'How far that is',
    asks: 'server',
    answers: { 200: { what: 'Its pushes by what became of them', schema: Progress } },
    refusals: ['not_found'],
  },
};
