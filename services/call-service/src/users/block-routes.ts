import { refusal, UserId } from '@trunkline/contract';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { identityOf } from '../http/authenticate.ts';
import { answerWith, refuseWith } from '../http/envelope.ts';
import { problemIn } from '../http/problem.ts';
import { type BlockList, BlocksQuery } from './blocks.ts';

export interface BlockRoutesOptions {
  guards(route: string): RequestHandler[];
  blocks: BlockList;
}

const PATH = '/api/v1/users/me/blocks';

/** Each user's own block list. Blocking twice, or unblocking who was not blocked, is no error. */
export const blockRoutes = ({ guards, blocks }: BlockRoutesOptions): Router => {
  const routes = express.Router();

  const otherUser = (request: Request, response: Response): UserId | null => {
    const other = UserId.safeParse(request.params['userId']).data;
    if (other !== undefined && other !== identityOf(response).userId) return other;
    const message = other === undefined ? 'userId: is not a user id' : 'userId: you cannot block yourself';
    refuseWith(response, refusal('parse_error', { message }));
    return null;
  };

  routes.get(PATH, guards('blocks'), async (request: Request, response: Response) => {
    const query = BlocksQuery.safeParse(request.query);
    if (!query.success) return refuseWith(response, refusal('parse_error', { message: problemIn(query.error) }));
    const page = await blocks.read(identityOf(response).userId, query.data);
    answerWith(response, 200, 'Blocked users retrieved successfully', page);
  });
  routes.get(`${PATH}/:userId`, guards('blocks'), async (request: Request, response: Response) => {
    const other = otherUser(request, response);
    if (other === null) return;
    const { userId } = identityOf(response);
    const blocked = (await blocks.whoBlocked(other, [userId])).has(userId);
    answerWith(response, 200, 'Block status retrieved successfully', { userId: other, blocked });
  });
  routes.put(`${PATH}/:userId`, guards('blocks'), async (request: Request, response: Response) => {
    const other = otherUser(request, response);
    if (other === null) return;
    await blocks.block(identityOf(response).userId, other);
    answerWith(response, 200, 'User blocked successfully', { userId: other, blocked: true });
  });
  routes.delete(`${PATH}/:userId`, guards('blocks'), async (request: Request, response: Response) => {
    const other = otherUser(request, response);
    if (other === null) return;
    await blocks.unblock(identityOf(response).userId, other);
    answerWith(response, 200, 'User unblocked successfully', { userId: other, blocked: false });
  });
  return routes;
};
