import { CallView, FcmTokenKind, PushPlatform } from '@trunkline/contract';
import { z } from 'zod';
import { ActBody, CallsQuery, PlaceBody } from '../../server-api/call-bodies.ts';
import type { ServerCallView } from '../../server-api/call-view.ts';
import type { Operation, Operations } from '../operation.ts';

const ServerCall = CallView.extend({
  callerName: z.string().nullable(),
  callerAvatar: z.string().nullable(),
  calleeAlias: z.string().nullable().describe('The callee’s own id for it, where its call was merged into this one'),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  endedBy: z.string().nullable(),
  answeredByDevice: z.string().nullable(),
  ringDeadlineAt: z.iso.datetime(),
}).meta({ id: 'ServerCall' }) satisfies z.ZodType<ServerCallView>;

const ReadCall = ServerCall.extend({
  hiddenFromCallee: z.boolean().describe('The callee has blocked the caller, and never knew of it'),
}).meta({
  id: 'ReadCall',
});

const act = (summary: string, what: string): Operation => ({
  tag: 'server',
  summary,
  description: '`userId` is for whom you act.',
  asks: 'server',
  body: ActBody,
  idempotent: true,
  answers: { 200: { what, schema: ServerCall } },
  refusals: ['call_not_found', 'unauthorized', 'invalid_status', 'conflict'],
});

const User = z
  .object({
    userId: z.string(),
    online: z.boolean(),
    lastSeenAt: z.iso.datetime().nullable(),
    sessions: z.array(
      z.object({
        id: z.string(),
        gatewayId: z.string(),
        deviceId: z.string().nullable(),
        hears: z.enum(['calls', 'chats']),
        openedAt: z.iso.datetime(),
      }),
    ),
    targets: z.array(
      z.object({
        id: z.uuid(),
        provider: z.enum(['fcm', 'web_push']),
        platform: PushPlatform,
        kind: FcmTokenKind,
        deviceId: z.string().nullable(),
        locale: z.string().nullable(),
        createdAt: z.iso.datetime(),
        updatedAt: z.iso.datetime(),
      }),
    ),
    liveCalls: z.array(ReadCall),
  })
  .meta({ id: 'UserAtWork' });

export const SERVER_CALL_OPERATIONS: Operations = {
  'POST /v1/server/calls': {
    tag: 'server',
    summary: 'Call somebody in the place of a user',
    description: 'A callee who is in another call is 201 too, with the status REJECTED.',
    asks: 'server',
    body: PlaceBody,
    idempotent: true,
    answers: { 201: { what: 'The call', schema: ServerCall } },
    refusals: ['invalid_status', 'conflict', 'unauthorized'],
  },
  'POST /v1/server/calls/:callId/accept': act('Accept a call for its callee', 'The call, CONNECTING'),
  'POST /v1/server/calls/:callId/reject': act('Reject a call for its callee', 'The call, REJECTED'),
  'POST /v1/server/calls/:callId/cancel': act('Cancel a call for its caller', 'The call, CANCELLED'),
  'POST /v1/server/calls/:callId/end': act('End an accepted call for either side', 'The call, ENDED'),
  'GET /v1/server/calls': {
    tag: 'server',
    summary: 'Calls, newest first',
    asks: 'server',
    query: CallsQuery,
    answers: {
      200: {
        what: 'A page; only a nextCursor of null is the end',
        schema: z.object({ items: z.array(ReadCall), nextCursor: z.string().nullable() }),
      },
    },
  },
  'GET /v1/server/calls/:callId': {
    tag: 'server',
    summary: 'One call',
    asks: 'server',
    answers: { 200: { what: 'The call', schema: ReadCall } },
    refusals: ['call_not_found'],
  },
  'GET /v1/server/users/:userId': {
    tag: 'server',
    summary: 'Where a user is connected, where pushes go, which calls live',
    asks: 'server',
    answers: { 200: { what: 'All that is known; of a user nobody has heard of, empty lists', schema: User } },
    refusals: ['parse_error'],
  },
  'POST /v1/server/users/:userId/disconnect': {
    tag: 'server',
    summary: 'Close all of a user’s connections, on every gateway',
    asks: 'server',
    answers: { 202: { what: 'So many will be closed', schema: z.object({ userId: z.string(), sessions: z.int() }) } },
    refusals: ['parse_error'],
  },
};
