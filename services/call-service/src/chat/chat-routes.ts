import { randomUUID } from 'node:crypto';
import { ChatId, type ChatMessage, type MessageId, messageViewFor, RequestId, uuidv7 } from '@trunkline/contract';
import type { Identity } from '@trunkline/service-kit';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { z } from 'zod';
import type { Database } from '../database/database.ts';
import { identityOf, maybeIdentityOf } from '../http/authenticate.ts';
import { refusePlainly } from '../http/plain.ts';
import { maybeServerKeyOf } from '../http/server-key.ts';
import { traceparentOf } from '../tracing/trace-requests.ts';
import { asSpelled, parseCreate, parseMarkRead, parseSend, refusalOf } from './chat-bodies.ts';
import type { ChatDecider } from './chat-decider.ts';
import type { ChatReader } from './chat-reader.ts';
import { chatViewFor } from './chat-views.ts';
import { type ChatAnswer, type ChatDone, type ChatFailure, refuse, type WriteEnvelope } from './chat-world.ts';
import { HistoryQuery, readHistory } from './history.ts';
import { MyChatsQuery, readMyChats } from './my-chats.ts';
import { createSearch, SearchQuery } from './search.ts';

export interface ChatRoutesOptions {
  /** Lets signed-in users in, and each of them only so often. */
  guards(route: string): RequestHandler[];
  /** The same, but sends are counted as messages and not as requests. */
  sendGuards: RequestHandler[];
  /** Lets the app's backend in too, of whom there is no identity. */
  createGuards: RequestHandler[];
  database: Database;
  chats: ChatReader;
  decider: Pick<ChatDecider, 'decide'>;
}

type Done<Type extends ChatDone['type']> = Extract<ChatDone, { type: Type }>;

/** What the decider answered, which can only be of the kind that was asked for. */
export const doneAs = <Type extends ChatDone['type']>(answer: ChatAnswer, type: Type): Done<Type> | ChatFailure => {
  if (!answer.ok) return answer;
  return answer.result.type === type ? (answer.result as Done<Type>) : refuse('service_error', 'Something went wrong on our side');
};

/** The chat that a path names. */
export const chatIdOf = (request: Request): ChatId | ChatFailure =>
  ChatId.safeParse(request.params['chatId']).data ?? refuse('chat_not_found', 'There is no such chat', 'chat_id');

export const isFailure = (value: unknown): value is ChatFailure => typeof value === 'object' && value !== null && 'error' in value;

/** The `Idempotency-Key` header. */
export const requestIdOf = (request: Request): RequestId | null | ChatFailure => {
  const key = request.get('idempotency-key');
  if (key === undefined) return null;
  return RequestId.safeParse(key).data ?? refuse('parse_error', 'Idempotency-Key: must be text of 1–128 characters', 'idempotency-key');
};

/** `given`: what came, where the fields are as the client spells them. */
const parsed = <Output>(result: z.ZodSafeParseResult<Output>, given: unknown): Output | ChatFailure =>
  result.success ? result.data : refusalOf(result.error, given);

const envelopeOf = (response: Response, command: WriteEnvelope['command'], requestId: RequestId | null): WriteEnvelope => {
  const { userId, name, avatar, role, deviceId } = identityOf(response);
  return {
    commandId: randomUUID(),
    attempt: 1,
    actor: { userId, name, avatar, role, deviceId, sessionId: null },
    command,
    requestId,
    ...traceparentOf(response),
  };
};

/** Otsy's REST API under `/v1/chat`: bare objects, and fields as in its specification. */
export const chatRoutes = ({ guards, sendGuards, createGuards, database, chats, decider }: ChatRoutesOptions): Router => {
  const routes = express.Router();
  const search = createSearch(database);

  const answer = (response: Response, status: number, body: unknown): void => {
    if (isFailure(body)) refusePlainly(response, asSpelled(body, response.req.body ?? response.req.query).error);
    else response.status(status).json(body);
  };

  const command = (response: Response, made: WriteEnvelope['command'], requestId: RequestId | null): Promise<ChatAnswer> =>
    decider.decide({ kind: 'command', envelope: envelopeOf(response, made, requestId) });

  const send = async (request: Request, response: Response): Promise<ChatAnswer> => {
    const chatId = chatIdOf(request);
    const made = isFailure(chatId) ? chatId : parsed(parseSend(chatId, request.body), request.body);
    const requestId = requestIdOf(request);
    if (isFailure(made)) return made;
    return isFailure(requestId) ? requestId : command(response, made, requestId);
  };

  /** Marking again changes nothing, whatever the request is called. */
  const markRead = async (request: Request, response: Response): Promise<ChatAnswer> => {
    const chatId = chatIdOf(request);
    const made = isFailure(chatId) ? chatId : parsed(parseMarkRead(chatId, request.body), request.body);
    return isFailure(made) ? made : command(response, made, null);
  };

  const lastMessageOf = async (chatId: ChatId, lastSeq: number): Promise<ChatMessage | null> =>
    lastSeq === 0 ? null : ((await chats.messages(chatId, { after: lastSeq - 1, upTo: lastSeq }))[0] ?? null);

  const shown = async ({ chat, lastMessage, unreadCount }: Done<'chat'>, viewerId: string) =>
    chatViewFor(chat, unreadCount, lastMessage ?? (await lastMessageOf(chat.id, chat.lastSeq)), viewerId);

  const create = async (body: unknown, by: Identity | null, keyName: string | null): Promise<Done<'chat'> | ChatFailure> => {
    const asked = parsed(parseCreate(body), body);
    if (isFailure(asked)) return asked;
    const { initialMessage = null, ...key } = asked;
    if (by !== null && by.userId !== key.userId && by.userId !== key.shopperId)
      return refuse('unauthorized', 'Only a member may open a chat', 'user_id');
    const mintedId = ChatId.parse(uuidv7());
    return doneAs(await decider.decide({ kind: 'create', key, mintedId, by, keyName, initialMessage }), 'chat');
  };

  routes.post('/v1/chat', createGuards, async (request: Request, response: Response) => {
    const by = maybeIdentityOf(response);
    const done = await create(request.body, by, maybeServerKeyOf(response));
    if (isFailure(done)) answer(response, 400, done);
    else answer(response, done.isNew ? 201 : 200, await shown(done, by?.userId ?? ''));
  });

  routes.get('/v1/chat/my-chats', guards('my_chats'), async (request: Request, response: Response) => {
    const query = parsed(MyChatsQuery.safeParse(request.query), request.query);
    answer(response, 200, isFailure(query) ? query : await readMyChats(database, identityOf(response).userId, query));
  });

  routes.get('/v1/chat/search', guards('search'), async (request: Request, response: Response) => {
    const query = parsed(SearchQuery.safeParse(request.query), request.query);
    const result = isFailure(query) ? query : await search(identityOf(response).userId, query);
    answer(response, 200, isFailure(result) ? result : result.found);
  });

  routes.post('/v1/chat/:chatId/messages', sendGuards, async (request: Request, response: Response) => {
    const done = doneAs(await send(request, response), 'message');
    answer(response, 201, isFailure(done) ? done : messageViewFor(done.message, identityOf(response).userId));
  });

  routes.get('/v1/chat/:chatId/messages', guards('history'), async (request: Request, response: Response) => {
    const chatId = chatIdOf(request);
    const query = parsed(HistoryQuery.safeParse(request.query), request.query);
    const failure = [chatId, query].find(isFailure);
    if (failure !== undefined) return answer(response, 400, failure);
    const page = await readHistory(chats, chatId as ChatId, identityOf(response).userId, query as HistoryQuery);
    answer(response, 200, isFailure(page) ? page : page.history);
  });

  routes.put('/v1/chat/:chatId/messages/read', guards('mark_read'), async (request: Request, response: Response) => {
    const done = doneAs(await markRead(request, response), 'read');
    if (isFailure(done)) return answer(response, 400, done);
    const { messageIds, readAt, unreadCount } = done;
    const read_by = identityOf(response).userId;
    answer(response, 200, {
      chat_id: done.chatId,
      message_ids: messageIds.map((id: MessageId) => id),
      read_by,
      read_at: new Date(readAt).toISOString(),
      unread_count: unreadCount,
    });
  });

  routes.get('/v1/chat/:chatId', guards('chat'), async (request: Request, response: Response) => {
    const chatId = chatIdOf(request);
    const viewerId = identityOf(response).userId;
    const seen = isFailure(chatId) ? chatId : await chats.see(chatId, viewerId);
    if (isFailure(seen)) return answer(response, 404, seen);
    const { chat, viewer, members } = seen;
    const view = chatViewFor(chat, viewer.unreadCount, await lastMessageOf(chat.id, chat.lastSeq), viewerId);
    answer(response, 200, { ...view, members: members.map(({ userId, role }) => ({ user_id: userId, role })) });
  });

  routes.post('/v1/chat/:chatId/archive', guards('archive'), async (request: Request, response: Response) => {
    const chatId = chatIdOf(request);
    const by = identityOf(response).userId;
    const done = isFailure(chatId) ? chatId : doneAs(await decider.decide({ kind: 'archive', chatId, by }), 'chat');
    answer(response, 200, isFailure(done) ? done : await shown(done, by));
  });

  return routes;
};
