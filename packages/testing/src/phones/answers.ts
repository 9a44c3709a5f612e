import type { RestAnswer } from '../rest-client.ts';
import type { Answer } from './phone.ts';

/** An answer as sockets give it: in an acknowledgement of Socket.IO, or in the payload of an `ack` frame. */
interface SocketAnswer {
  ok: boolean;
  call?: { id: string; status: string };
  error?: { code: string; status?: string };
}

const refused = (code: string, status: string | undefined): Answer => ({ ok: false, code, ...(status === undefined ? {} : { status }) });

export const answerOfSocket = ({ ok, call, error }: SocketAnswer): Answer => {
  if (ok && call !== undefined) return { ok: true, callId: call.id, status: call.status };
  return refused(error?.code ?? 'none', error?.status);
};

/** A phone sends nothing that cannot be understood, so its 400 is always about a state. */
const CODES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_status'],
  [401, 'unauthenticated'],
  [403, 'unauthorized'],
  [404, 'call_not_found'],
  [409, 'conflict'],
  [429, 'rate_limited'],
]);

const STATE_THAT_WON = /^The call is ([A-Z]+)$/;

/** Chattrix's envelope has no field for code or state: the status and the message say them. */
export const answerOfRest = ({ status, body }: RestAnswer): Answer => {
  if (body.success) return { ok: true, callId: body.data.id, status: body.data.status };
  return refused(CODES.get(status) ?? 'service_error', STATE_THAT_WON.exec(body.message)?.[1]);
};
