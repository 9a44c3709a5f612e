import { type Refusal, viewOf } from '@trunkline/contract';
import type { Asked, Reply } from './dialect.ts';

const acknowledgeRefusal = ({ code, message, callId, status }: Refusal, asked: Asked) => ({
  ok: false,
  error: { code, message, callId: callId ?? asked.callId, ...(status === undefined ? {} : { status }) },
});

/** What an acknowledgement says, in every dialect alike. */
export const acknowledgementOf = (reply: Reply, asked: Asked): object => {
  if (!reply.ok) return acknowledgeRefusal(reply.error, asked);
  return reply.call === null ? { ok: true, success: true } : { ok: true, success: true, call: viewOf(reply.call) };
};

/** What an error frame says, in every dialect alike. */
export const errorOf = ({ code, message, callId }: Refusal, asked: Asked) => ({
  callId: callId ?? asked.callId,
  errorType: code,
  message,
});
