import { z } from 'zod';
import { CallId, DeviceId, SessionId, storableText, UserId } from './ids.ts';

export const CallType = z.enum(['AUDIO', 'VIDEO']);
export type CallType = z.infer<typeof CallType>;

/** How bad a participant's line is. */
export const CallQuality = z.enum(['POOR', 'BAD', 'VERY_BAD']);
export type CallQuality = z.infer<typeof CallQuality>;

export const LiveState = z.enum(['INITIATING', 'RINGING', 'CONNECTING', 'ACTIVE']);
export type LiveState = z.infer<typeof LiveState>;

export const FinalState = z.enum(['ENDED', 'REJECTED', 'CANCELLED', 'MISSED', 'FAILED']);
export type FinalState = z.infer<typeof FinalState>;

export const CallState = z.enum([...LiveState.options, ...FinalState.options]);
export type CallState = z.infer<typeof CallState>;

const FINAL_STATES: ReadonlySet<CallState> = new Set(FinalState.options);

export const isFinal = (state: CallState): state is FinalState => FINAL_STATES.has(state);
export const isRinging = (state: CallState): boolean => state === 'INITIATING' || state === 'RINGING';

/** Why a call ended. `hung_up` is the plain end of a call by one of its two people. */
export const EndReason = z.enum([
  'busy',
  'declined',
  'unavailable',
  'offline',
  'no_response',
  'cancelled',
  'caller_lost',
  'hung_up',
  'lost',
  'max_duration',
  'connect_failed',
]);
export type EndReason = z.infer<typeof EndReason>;

/** The reasons that a callee may give with its reject. */
export const RejectReason = EndReason.extract(['busy', 'declined', 'unavailable', 'offline']);
export type RejectReason = z.infer<typeof RejectReason>;

/** What a client may say in its own words with a reject or a cancel. */
export const MAX_REASON_LENGTH = 200;
export const ReasonText = storableText(MAX_REASON_LENGTH);

/** Who ended a call where no person did. */
export const SYSTEM = 'system';

/** The whole state of a call, as every event carries it. Times are epoch milliseconds of the database's clock. */
export const Call = z.object({
  id: CallId,
  callerId: UserId,
  callerName: z.string().nullable(),
  callerAvatar: z.string().nullable(),
  calleeId: UserId,
  /** The id under which the callee knows this call, where its own call was merged into it (glare). */
  calleeAlias: CallId.nullable(),
  callType: CallType,
  channelId: z.string(),
  state: CallState,
  /** Counts the events of this call, from 1. */
  seq: z.int().positive(),
  reason: EndReason.nullable(),
  reasonText: z.string().nullable(),
  /** A participant, or `system`. Null while the call lives. */
  endedBy: z.string().nullable(),
  /** The device and the session that accepted or rejected, where they are known. */
  answeredByDevice: DeviceId.nullable(),
  answeredBySession: SessionId.nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
  ringDeadlineAt: z.number(),
  acceptedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
});
export type Call = z.infer<typeof Call>;

/** Seconds from accept to end by the server's clock (invariant 12); null for a call that never was accepted or lives. */
export const durationSeconds = (call: Call): number | null =>
  call.acceptedAt === null || call.endedAt === null ? null : Math.max(0, Math.round((call.endedAt - call.acceptedAt) / 1000));

/** The call as clients see it in acks and REST bodies (Chattrix's call object). Times are ISO 8601. */
export const CallView = z
  .object({
    id: z.string(),
    callerId: z.string(),
    calleeId: z.string(),
    callType: CallType,
    status: CallState,
    channelId: z.string(),
    startTime: z.iso.datetime().nullable().describe('When it was accepted'),
    endTime: z.iso.datetime().nullable(),
    durationSeconds: z.number().nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Call' });
export type CallView = z.infer<typeof CallView>;

const isoOrNull = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** The id by which `viewer` knows the call: its alias where a glare gave it one. */
export const callIdFor = (call: Call, viewer: string): CallId =>
  viewer === call.calleeId && call.calleeAlias !== null ? call.calleeAlias : call.id;

export const viewOf = (call: Call): CallView => ({
  id: call.id,
  callerId: call.callerId,
  calleeId: call.calleeId,
  callType: call.callType,
  status: call.state,
  channelId: call.channelId,
  startTime: isoOrNull(call.acceptedAt),
  endTime: isoOrNull(call.endedAt),
  durationSeconds: durationSeconds(call),
  createdAt: new Date(call.createdAt).toISOString(),
  updatedAt: new Date(call.updatedAt).toISOString(),
});
