import { RequestId } from '@trunkline/contract';
import { z } from 'zod';
import type { Vocabulary } from '../dialects/decoding.ts';
import { CallAcknowledgement } from './call-answers.ts';

const frame = (word: string, payload: z.ZodType) =>
  z.object({ type: z.literal(word), payload, requestId: RequestId.nullish().describe('Ask for an ack, which repeats it') });

/** The frames of a client whose dialect is JSON. */
export const jsonSays = ({ commands, refresh }: Vocabulary): Record<string, z.ZodType> => ({
  ...Object.fromEntries([...commands].map(([word, schema]) => [word, frame(word, schema)])),
  [refresh]: frame(refresh, z.object({ token: z.string() })),
});

export const JsonAcknowledgement = z
  .strictObject({ type: z.literal('ack'), requestId: RequestId, payload: CallAcknowledgement })
  .meta({ id: 'AcknowledgementFrame' });
