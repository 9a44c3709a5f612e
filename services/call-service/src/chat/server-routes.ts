import { messageViewFor, UserId } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { refusePlainly } from '../http/plain.ts';
import { serverKeyOf } from '../http/server-key.ts';
import { asSpelled, fieldsOf, inCamelCase, refusalOf, type Spelling } from './chat-bodies.ts';
import type { ChatDecider } from './chat-decider.ts';
import { chatIdOf, doneAs, isFailure, requestIdOf } from './chat-routes.ts';
import { type ChatAnswer, type ChatFailure, refuse } from './chat-world.ts';
import type { EventAnswer } from './event-answers.ts';
import { parseSpeech, parseUserEvent } from './server-bodies.ts';
import { tellUsers, type UserEventOptions } from './user-events.ts';

export interface ServerChatRoutesOptions extends UserEventOptions {
  /** Lets only the app's backend in. */
  serverGuards: RequestHandler[];
  decider: Pick<ChatDecider, 'decide'>;
}

export const Role = z.object({ role: z.enum(['user', 'shopper', 'admin']).optional() });

const userIdOf = (request: Request): UserId | ChatFailure =>
  UserId.safeParse(request.params['userId']).data ?? refuse('parse_error', 'is not a user id', 'user_id');

/** What the app's backend may do with chats, under `/v1/server`. */
export const serverChatRoutes = ({ serverGuards, decider, ...events }: ServerChatRoutesOptions): Router => {
  const routes = express.Router();

  const answer = (response: Response, status: number, body: object | ChatFailure, spelling?: Spelling): void => {
    if (isFailure(body)) refusePlainly(response, asSpelled(body, response.req.body, spelling).error);
    else response.status(status).json(body);
  };

  const speak = async (request: Request, keyName: string): Promise<ChatAnswer> => {
    const chatId = chatIdOf(request);
    const body = parseSpeech(request.body);
    const requestId = requestIdOf(request);
    if (isFailure(chatId)) return chatId;
    if (!body.success) return refusalOf(body.error, request.body);
    if (isFailure(requestId)) return requestId;
    const { senderId, senderName, messageType, ...said } = body.data;
    const role = senderId === 'system' ? 'system' : 'bot';
    const sender = { id: senderId, role, name: senderName } as const;
    return decider.decide({ kind: 'speak', chatId, sender, said, messageType, requestId, keyName });
  };

  const tell = async (request: Request, keyName: string): Promise<EventAnswer> => {
    const body = parseUserEvent(request.body);
    const requestId = requestIdOf(request);
    if (!body.success) return refusalOf(body.error, request.body, inCamelCase);
    return isFailure(requestId) ? requestId : tellUsers(events, { body: body.data, requestId, keyName });
  };

  routes.post('/v1/server/events', serverGuards, async (request: Request, response: Response) => {
    answer(response, 202, await tell(request, serverKeyOf(response)), inCamelCase);
  });

  routes.post('/v1/server/chats/:chatId/messages', serverGuards, async (request: Request, response: Response) => {
    const done = doneAs(await speak(request, serverKeyOf(response)), 'message');
    answer(response, 201, isFailure(done) ? done : messageViewFor(done.message, ''));
  });

  routes.put('/v1/server/chats/:chatId/members/:userId', serverGuards, async (request: Request, response: Response) => {
    const chatId = chatIdOf(request);
    const userId = userIdOf(request);
    const body = Role.safeParse(fieldsOf(request.body, ['role']));
    if (isFailure(chatId)) return answer(response, 404, chatId);
    if (isFailure(userId)) return answer(response, 400, userId);
    if (!body.success) return answer(response, 400, refusalOf(body.error, request.body));
    const { role = null } = body.data;
    const done = doneAs(await decider.decide({ kind: 'put_member', chatId, userId, role, keyName: serverKeyOf(response) }), 'member');
    if (isFailure(done)) return answer(response, 400, done);
    answer(response, 200, { chat_id: chatId, user_id: userId, role: done.member?.role, member: true });
  });

  routes.delete('/v1/server/chats/:chatId/members/:userId', serverGuards, async (request: Request, response: Response) => {
    const chatId = chatIdOf(request);
    const userId = userIdOf(request);
    if (isFailure(chatId)) return answer(response, 404, chatId);
    if (isFailure(userId)) return answer(response, 400, userId);
    const done = doneAs(await decider.decide({ kind: 'remove_member', chatId, userId, keyName: serverKeyOf(response) }), 'member');
    answer(response, 200, isFailure(done) ? done : { chat_id: chatId, user_id: userId, member: false });
  });

  return routes;
};
