import type { Traceparent } from '@trunkline/contract';
import type { Tracing } from '@trunkline/service-kit';
import type { SendForReply } from '../reply-batch.ts';

interface Traced {
  readonly command: { readonly type: string; readonly callId?: string | undefined; readonly chatId?: string | undefined };
  readonly mintedCallId?: string | null;
  readonly dialect?: string;
  readonly traceparent?: Traceparent | undefined;
}

type Reply = { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string } };

const attributesOf = ({ command, mintedCallId, dialect = 'otsy' }: Traced) => {
  const callId = command.callId ?? mintedCallId;
  return {
    'trunkline.dialect': dialect,
    ...(callId ? { 'trunkline.call_id': callId } : {}),
    ...(command.chatId === undefined ? {} : { 'trunkline.chat_id': command.chatId }),
  };
};

/** Each command of a client begins a trace, which goes on wherever the command leads. */
export const traceSender = <Command extends Traced, Answer extends Reply>(
  send: SendForReply<Command, Answer>,
  tracing: Tracing | null,
): SendForReply<Command, Answer> => {
  if (tracing === null) return send;
  return async (command, isWanted) => {
    const attributes = attributesOf(command);
    const span = tracing.begin({ name: `command ${command.command.type}`, kind: 'server', parent: null, attributes });
    if (span === null) return send(command, isWanted);
    const reply = await send({ ...command, traceparent: span.traceparent }, isWanted);
    span.end(reply.ok ? undefined : reply.error.code);
    return reply;
  };
};
