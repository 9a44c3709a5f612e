import { type CallId, CallId as CallIdSchema, type CallState, type Refusal, refusal } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { CallReader } from '../calls/call-reader.ts';
import type { CallRecord } from '../calls/call-record.ts';
import { identityOf } from '../http/authenticate.ts';
import { refusePlainly } from '../http/plain.ts';
import type { MediaIssuer } from './media-issuer.ts';

export interface MediaRoutesOptions {
  guards(route: string): RequestHandler[];
  calls: CallReader;
  issueMedia: MediaIssuer;
}

const ANSWERED: ReadonlySet<CallState> = new Set(['CONNECTING', 'ACTIVE']);

/** `POST /v1/calls/{id}/media`: each participant of an accepted call gets credentials of their own, and nobody else any. */
export const mediaRoutes = ({ guards, calls, issueMedia }: MediaRoutesOptions): Router => {
  const routes = express.Router();

  const answeredCall = async (callId: CallId, userId: string): Promise<CallRecord | Refusal> => {
    const call = await calls.read(callId, userId as CallRecord['callerId']);
    if ('code' in call || ANSWERED.has(call.state)) return call;
    return refusal('invalid_status', { callId, status: call.state, message: `The call is ${call.state}` });
  };

  routes.post('/v1/calls/:callId/media', guards('media'), async (request: Request, response: Response) => {
    const callId = CallIdSchema.safeParse(request.params['callId']);
    const { userId } = identityOf(response);
    const call = callId.success ? await answeredCall(callId.data, userId) : refusal('call_not_found');
    if ('code' in call) return refusePlainly(response, call);
    response.set('cache-control', 'no-store').json(await issueMedia(call, userId));
  });
  return routes;
};
