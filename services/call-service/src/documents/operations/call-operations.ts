import { CallState, CallType, CallView, EndReason } from '@trunkline/contract';
import { z } from 'zod';
import { CancelBody, EndBody, InitiateBody, RejectBody, StatusBody } from '../../calls/call-bodies.ts';
import { type HistoryPage, HistoryQuery } from '../../calls/history.ts';
import type { Operation, Operations } from '../operation.ts';

/** A time only once there is one, an end only of a call that was accepted. */
const AnsweredCall = CallView.partial({ startTime: true, endTime: true, durationSeconds: true }).meta({ id: 'AnsweredCall' });

const HistoryItem = CallView.extend({
  kind: z.enum(['missed', 'incoming', 'outgoing']),
  peerId: z.string(),
  peerName: z.string().nullable(),
  peerAvatar: z.string().nullable(),
  reason: EndReason.nullable(),
}).meta({ id: 'HistoryItem' });

const History: z.ZodType<HistoryPage> = z.object({ items: z.array(HistoryItem), nextCursor: z.string().nullable() });

const RingingCall = z
  .object({
    callId: z.string(),
    channelId: z.string(),
    callerId: z.string(),
    callerName: z.string(),
    callerAvatar: z.string().nullable(),
    callType: CallType,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'RingingCall' });

const decide = (summary: string, body: z.ZodType, what: string): Operation => ({
  tag: 'calls',
  summary,
  asks: 'user',
  body,
  idempotent: true,
  answers: { 200: { what, schema: AnsweredCall } },
  refusals: ['call_not_found', 'unauthorized', 'invalid_status', 'conflict'],
});

/** As most of them: the body may be left out. */
const act = (...given: Parameters<typeof decide>): Operation => ({ ...decide(...given), bodyOptional: true });

export const CALL_OPERATIONS: Operations = {
  'POST /api/v1/calls/initiate': {
    ...decide('Call somebody', InitiateBody, ''),
    description: 'A callee who is in another call is 201 too, with the status REJECTED.',
    answers: { 201: { what: 'The call, which rings or was found busy', schema: AnsweredCall } },
    refusals: ['invalid_status', 'conflict'],
  },
  'POST /api/v1/calls/:callId/accept': act('Accept a ringing call', CancelBody, 'The call, CONNECTING'),
  'POST /api/v1/calls/:callId/reject': act('Reject a ringing call', RejectBody, 'The call, REJECTED'),
  'POST /api/v1/calls/:callId/cancel': act('Cancel a ring of one’s own', CancelBody, 'The call, CANCELLED'),
  'POST /api/v1/calls/:callId/end': act('End an accepted call', EndBody, 'The call, ENDED'),
  'PATCH /api/v1/calls/:callId/status': {
    ...decide('Move a call to a state by its name', StatusBody, `The call, as ${CallState.enum.CONNECTING} (accept), ACTIVE or ENDED`),
  },
  'GET /api/v1/calls/:callId': {
    tag: 'calls',
    summary: 'One call',
    asks: 'user',
    answers: { 200: { what: 'The call: every field, null where there is no value', schema: CallView } },
    refusals: ['call_not_found', 'unauthorized'],
  },
  'GET /api/v1/calls/history': {
    tag: 'calls',
    summary: 'One’s calls, newest first',
    asks: 'user',
    query: HistoryQuery,
    answers: { 200: { what: 'A page; nextCursor is null where there is no older call', schema: History } },
  },
  'GET /api/v1/calls/ringing': {
    tag: 'calls',
    summary: 'What rings for the asker at this moment',
    asks: 'user',
    answers: { 200: { what: 'What an app needs to show each ring', schema: z.object({ items: z.array(RingingCall) }) } },
  },
};
