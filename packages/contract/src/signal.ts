import { z } from 'zod';
import { storableText } from './ids.ts';

/** As JSON, in UTF-8. */
export const MAX_SIGNAL_BYTES = 16_384;

const isSmall = (signal: unknown): boolean => new TextEncoder().encode(JSON.stringify(signal)).byteLength <= MAX_SIGNAL_BYTES;

const SessionDescription = z.object({ type: z.enum(['offer', 'answer']), sdp: storableText(MAX_SIGNAL_BYTES).min(1) });

/** An empty `candidate`: there are no more. */
const IceCandidate = z.object({
  type: z.literal('candidate'),
  candidate: storableText(2048),
  sdpMid: storableText(64).nullish(),
  sdpMLineIndex: z.int().min(0).max(255).nullish(),
  usernameFragment: storableText(256).nullish(),
});

/** What two devices in a call say to each other to connect their media by WebRTC (RFC 8829): relayed, read by nobody, kept nowhere. */
export const CallSignal = z
  .discriminatedUnion('type', [SessionDescription, IceCandidate])
  .refine(isSmall, `must be at most ${MAX_SIGNAL_BYTES} bytes as JSON`);
export type CallSignal = z.infer<typeof CallSignal>;
