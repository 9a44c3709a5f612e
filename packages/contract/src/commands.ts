import { z } from 'zod';
import { CallQuality, CallState, CallType, ReasonText, RejectReason } from './call.ts';
import { CallId, storableText, UserId } from './ids.ts';
import { CallSignal } from './signal.ts';

export const MIN_RING_SECONDS = 5;
export const MAX_RING_SECONDS = 120;

export const PlaceCall = z.object({
  type: z.literal('place_call'),
  calleeId: UserId,
  callType: CallType.default('AUDIO'),
  /** The media provider's room; the call id where none is given. */
  channelId: storableText(256).min(1).optional(),
  callId: CallId.optional(),
  ringTimeoutSeconds: z.int().min(MIN_RING_SECONDS).max(MAX_RING_SECONDS).optional(),
});

/** A device of the callee says that it shows the ring. */
export const AcknowledgeRing = z.object({ type: z.literal('acknowledge_ring'), callId: CallId });

export const AcceptCall = z.object({ type: z.literal('accept_call'), callId: CallId });

export const RejectCall = z.object({
  type: z.literal('reject_call'),
  callId: CallId,
  reason: RejectReason.default('declined'),
  reasonText: ReasonText.optional(),
});

export const CancelCall = z.object({ type: z.literal('cancel_call'), callId: CallId, reasonText: ReasonText.optional() });

export const EndCall = z.object({
  type: z.literal('end_call'),
  callId: CallId,
  reasonText: ReasonText.optional(),
  /** What an end means while the call still rings: some apps have one button for it all. */
  whileRinging: z.enum(['refuse', 'cancel_or_reject']).default('refuse'),
  /** What the client measured; kept in the trace, never believed (invariant 12). */
  claimedDurationSeconds: z.number().nonnegative().optional(),
});

/** A participant's media is connected. */
export const ReportConnected = z.object({ type: z.literal('report_connected'), callId: CallId });

/** A participant's own line is bad: the other participant is warned. It changes nothing of the call. */
export const ReportQuality = z.object({ type: z.literal('report_quality'), callId: CallId, quality: CallQuality });

/** Has something relayed to the other participant's device, for the two to connect their media. It changes nothing of the call. */
export const RelaySignal = z.object({ type: z.literal('relay_signal'), callId: CallId, signal: CallSignal });

/** Asks for a state by its name: CONNECTING accepts, ACTIVE connects, ENDED ends; the state that the call is in already changes nothing. */
export const SetStatus = z.object({
  type: z.literal('set_status'),
  callId: CallId,
  status: CallState.extract(['CONNECTING', 'ACTIVE', 'ENDED']),
});

/** Everything that a participant may ask of a call. */
export const Command = z.discriminatedUnion('type', [
  PlaceCall,
  AcknowledgeRing,
  AcceptCall,
  RejectCall,
  CancelCall,
  EndCall,
  ReportConnected,
  ReportQuality,
  RelaySignal,
  SetStatus,
]);
export type Command = z.infer<typeof Command>;
export type CommandType = Command['type'];
