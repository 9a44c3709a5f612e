import { randomUUID } from 'node:crypto';
import { type CallId, CallId as CallIdSchema, type Command, RequestId, refusal, uuidv7 } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { z } from 'zod';
import { identityOf } from '../http/authenticate.ts';
import { answerWith, refuseWith } from '../http/envelope.ts';
import { problemIn } from '../http/problem.ts';
import { traceparentOf } from '../tracing/trace-requests.ts';
import { CancelBody, EndBody, InitiateBody, RejectBody, StatusBody } from './call-bodies.ts';
import type { CallReader } from './call-reader.ts';
import { restView, wholeView } from './call-views.ts';
import type { Decider } from './decider.ts';

export interface CallRoutesOptions {
  /** Lets signed-in users in, and each of them only so often. */
  guards(route: string): RequestHandler[];
  decider: Pick<Decider, 'decide'>;
  calls: CallReader;
}

const SUCCESS = {
  initiate: 'Call initiated successfully',
  accept: 'Call accepted successfully',
  reject: 'Call rejected successfully',
  cancel: 'Call cancelled successfully',
  end: 'Call ended successfully',
  status: 'Call status updated successfully',
  details: 'Call details retrieved successfully',
} as const;

/** The `Idempotency-Key` header: a request sent again under it gets its first answer. */
const requestIdOf = (request: Request): RequestId | null | 'malformed' => {
  const header = request.get('idempotency-key');
  if (header === undefined) return null;
  return RequestId.safeParse(header).data ?? 'malformed';
};

const parseErrorFor = (response: Response, message: string): void => refuseWith(response, refusal('parse_error', { message }));

/** Chattrix's REST API under `/api/v1/calls`: envelopes, status codes and fields as in its specification. */
export const callRoutes = ({ guards, decider, calls }: CallRoutesOptions): Router => {
  const routes = express.Router();

  const decide = async (request: Request, response: Response, command: Command, status: number, message: string): Promise<void> => {
    const requestId = requestIdOf(request);
    if (requestId === 'malformed') return parseErrorFor(response, 'Idempotency-Key: must be text of 1–128 characters');
    const { userId, name, avatar, role, deviceId } = identityOf(response);
    const reply = await decider.decide({
      kind: 'command',
      envelope: {
        commandId: randomUUID(),
        attempt: 1,
        actor: { userId, name, avatar, role, deviceId, sessionId: null },
        command,
        mintedCallId: command.type === 'place_call' ? CallIdSchema.parse(uuidv7()) : null,
        requestId,
        wantsAnswer: true,
        dialect: 'rest',
        ...traceparentOf(response),
      },
    });
    if (reply?.ok) answerWith(response, status, message, restView(reply.call));
    else refuseWith(response, reply?.error ?? refusal('service_error'));
  };

  /** A route on one call, whose body and id become a command. */
  const act = <Schema extends z.ZodType>(
    schema: Schema,
    toCommand: (callId: CallId, body: z.output<Schema>) => Command,
    message: string,
  ): RequestHandler => {
    return async (request, response) => {
      const callId = CallIdSchema.safeParse(request.params['callId']);
      if (!callId.success) return refuseWith(response, refusal('call_not_found'));
      const body = schema.safeParse(request.body ?? {});
      if (!body.success) return parseErrorFor(response, problemIn(body.error));
      await decide(request, response, toCommand(callId.data, body.data), 200, message);
    };
  };

  routes.post('/api/v1/calls/initiate', guards('initiate'), async (request: Request, response: Response) => {
    const body = InitiateBody.safeParse(request.body ?? {});
    if (!body.success) return parseErrorFor(response, problemIn(body.error));
    await decide(request, response, { type: 'place_call', ...body.data }, 201, SUCCESS.initiate);
  });
  routes.post(
    '/api/v1/calls/:callId/accept',
    guards('accept'),
    act(CancelBody, (callId) => ({ type: 'accept_call', callId }), SUCCESS.accept),
  );
  routes.post(
    '/api/v1/calls/:callId/reject',
    guards('reject'),
    act(RejectBody, (callId, reason) => ({ type: 'reject_call', callId, ...reason }), SUCCESS.reject),
  );
  routes.post(
    '/api/v1/calls/:callId/cancel',
    guards('cancel'),
    act(CancelBody, (callId, text) => ({ type: 'cancel_call', callId, ...text }), SUCCESS.cancel),
  );
  routes.post(
    '/api/v1/calls/:callId/end',
    guards('end'),
    act(EndBody, (callId, claimed) => ({ type: 'end_call', callId, whileRinging: 'refuse', ...claimed }), SUCCESS.end),
  );
  routes.patch(
    '/api/v1/calls/:callId/status',
    guards('status'),
    act(StatusBody, (callId, { status }) => ({ type: 'set_status', callId, status }), SUCCESS.status),
  );
  routes.get('/api/v1/calls/:callId', guards('details'), async (request: Request, response: Response) => {
    const callId = CallIdSchema.safeParse(request.params['callId']);
    const found = callId.success ? await calls.read(callId.data, identityOf(response).userId) : refusal('call_not_found');
    if ('code' in found) refuseWith(response, found);
    else answerWith(response, 200, SUCCESS.details, wholeView(found));
  });
  return routes;
};
