import { randomUUID } from 'node:crypto';
import {
  type Actor,
  CallId,
  type Command,
  cancelTextOf,
  RequestId,
  reasonTextOf,
  refusal,
  rejectReasonOf,
  uuidv7,
} from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { readCall } from '../calls/call-reader.ts';
import type { Decider } from '../calls/decider.ts';
import type { DecidedEnvelope } from '../calls/world.ts';
import type { Database } from '../database/database.ts';
import { bodyOrRefuse, refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import { ActBody, CallsQuery, PlaceBody } from './call-bodies.ts';
import { listCalls } from './call-list.ts';
import { readCallView, serverCallView } from './call-view.ts';

export interface ServerCallRoutesOptions {
  serverGuards: RequestHandler[];
  decider: Pick<Decider, 'decide'>;
  database: Database;
}

const PATH = '/v1/server/calls';

/** What the app's backend may do to a call, and what that asks of it. */
const COMMANDS: Readonly<Record<string, (callId: CallId, reason: string | null) => Command>> = {
  accept: (callId) => ({ type: 'accept_call', callId }),
  reject: (callId, reason) => ({ type: 'reject_call', callId, ...rejectReasonOf(reason ?? undefined) }),
  cancel: (callId, reason) => ({ type: 'cancel_call', callId, ...cancelTextOf(reason ?? undefined) }),
  end: (callId, reason) => ({ type: 'end_call', callId, whileRinging: 'refuse', ...reasonTextOf(reason ?? undefined) }),
};

type Acted = Pick<DecidedEnvelope, 'command' | 'mintedCallId'> & { person: Pick<Actor, 'userId' | 'name' | 'avatar'>; note: string | null };

/** Calls for the app's backend: it acts in a user's place, by the same rules and without the limits of clients. */
export const serverCallRoutes = ({ serverGuards, decider, database }: ServerCallRoutesOptions): Router => {
  const routes = express.Router();

  const act = async (request: Request, response: Response, status: number, { person, note, ...acted }: Acted): Promise<void> => {
    const key = request.get('idempotency-key');
    const requestId = key === undefined ? null : RequestId.safeParse(key).data;
    if (requestId === undefined) {
      const message = 'Idempotency-Key: must be text of 1–128 characters';
      return refusePlainly(response, { ...refusal('parse_error', { message }), field: 'idempotency-key' });
    }
    const envelope: DecidedEnvelope = {
      ...acted,
      commandId: randomUUID(),
      attempt: 1,
      actor: { ...person, role: null, deviceId: null, sessionId: null },
      requestId,
      wantsAnswer: true,
      dialect: 'server',
      server: { keyName: serverKeyOf(response), note },
    };
    const reply = await decider.decide({ kind: 'command', envelope });
    if (reply?.ok) response.status(status).json(serverCallView(reply.call));
    else refusePlainly(response, reply?.error ?? refusal('service_error'));
  };

  routes.post(PATH, serverGuards, async (request: Request, response: Response) => {
    const body = bodyOrRefuse(PlaceBody, request.body, response);
    if (body === null) return;
    const { caller, place, note } = body;
    const mintedCallId = CallId.parse(uuidv7());
    await act(request, response, 201, { command: { type: 'place_call', ...place }, mintedCallId, person: caller, note });
  });

  for (const [verb, commandOf] of Object.entries(COMMANDS)) {
    routes.post(`${PATH}/:callId/${verb}`, serverGuards, async (request: Request, response: Response) => {
      const callId = CallId.safeParse(request.params['callId']);
      if (!callId.success) return refusePlainly(response, refusal('call_not_found'));
      const body = bodyOrRefuse(ActBody, request.body, response);
      if (body === null) return;
      const person = { userId: body.userId, name: null, avatar: null };
      await act(request, response, 200, { command: commandOf(callId.data, body.reason), mintedCallId: null, person, note: body.reason });
    });
  }

  routes.get(PATH, serverGuards, async (request: Request, response: Response) => {
    const query = bodyOrRefuse(CallsQuery, request.query, response);
    if (query === null) return;
    const { calls, nextCursor } = await listCalls(database, query);
    response.json({ items: calls.map(readCallView), nextCursor });
  });

  routes.get(`${PATH}/:callId`, serverGuards, async (request: Request, response: Response) => {
    const callId = CallId.safeParse(request.params['callId']);
    const call = callId.success ? await readCall(database, callId.data) : null;
    if (call === null) refusePlainly(response, refusal('call_not_found'));
    else response.json(readCallView(call));
  });

  return routes;
};
