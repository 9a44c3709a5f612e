import { readFileSync } from 'node:fs';
import { CallEventType, CallQuality, Command, ErrorCode, RequestId, UserId } from '@trunkline/contract';
import { z } from 'zod';

const Time = z.iso.datetime().transform((text) => Date.parse(text));
const Asked = z.object({ callId: z.string().nullable(), requestId: RequestId.nullable(), calleeId: UserId.exactOptional() });

const Step = z.union([
  z.object({ client: z.unknown(), means: Command }),
  z.object({
    event: CallEventType,
    at: Time,
    by: UserId.nullable(),
    quality: CallQuality.optional(),
    /** What is special about the call. */
    call: z.record(z.string(), z.unknown()),
    viewer: UserId,
    server: z.unknown(),
  }),
  z.object({ refused: ErrorCode, message: z.string(), asked: Asked, server: z.unknown() }),
]);

/** What is said and heard in one dialect. Frames are written as they are on the wire. */
const Transcript = z.object({
  /** Every word of a client, and what it means. */
  words: z.array(
    z.object({ says: z.unknown(), asked: Asked, means: z.union([Command, z.object({ refreshToken: z.string() }), z.null()]) }),
  ),
  /** Frames that are not understood, with a part of what is said of them. */
  unclear: z.array(z.object({ says: z.unknown(), asked: Asked, message: z.string() })),
  /** Scene → who hears what of it; who is not named hears nothing. */
  told: z.record(z.string(), z.array(z.object({ viewers: z.array(z.string()), hears: z.unknown() }))),
  /** How a command that returned the call, or nothing, is answered. */
  answers: z.array(z.object({ reply: z.enum(['call', 'nothing']), asked: Asked, acknowledges: z.boolean(), answer: z.unknown() })),
  /** Every error, as a frame of its own and where an answer was asked for. */
  refusals: z.record(ErrorCode, z.object({ frame: z.unknown(), answer: z.unknown() })),
  /** Word for word as a specification has them. */
  conversations: z.array(z.object({ name: z.string(), steps: z.array(Step) })),
});
export type Transcript = z.infer<typeof Transcript>;

export const readTranscript = (name: string): Transcript =>
  Transcript.parse(JSON.parse(readFileSync(new URL(`../src/dialects/transcripts/${name}.json`, import.meta.url), 'utf8')));
