import { z } from 'zod';
import { type BlocksPage, BlocksQuery } from '../../users/blocks.ts';
import type { Presence } from '../../users/presence.ts';
import { ManyUsers } from '../../users/presence-routes.ts';
import type { Operation, Operations } from '../operation.ts';

const UserStatus = z
  .object({ userId: z.string(), online: z.boolean(), lastSeenAt: z.iso.datetime().nullable() })
  .meta({ id: 'UserStatus' }) satisfies z.ZodType<Omit<Presence, 'userId'>>;

const Blocks: z.ZodType<BlocksPage> = z.object({ items: z.array(z.string()), nextCursor: z.string().nullable() });

const Blocked = z.object({ userId: z.string(), blocked: z.boolean() });

const ofOne = (summary: string, what: string): Operation => ({
  tag: 'users',
  summary,
  asks: 'user',
  answers: { 200: { what, schema: Blocked } },
  refusals: ['parse_error'],
});

export const USER_OPERATIONS: Operations = {
  'GET /api/v1/users/me/blocks': {
    tag: 'users',
    summary: 'Whom one has blocked',
    asks: 'user',
    query: BlocksQuery,
    answers: { 200: { what: 'Ids of users, in the order of blocking; nextCursor is null where there are no more', schema: Blocks } },
  },
  'GET /api/v1/users/me/blocks/:userId': ofOne('Whether one has blocked somebody', 'Yes or no'),
  'PUT /api/v1/users/me/blocks/:userId': ofOne('Block somebody, whose calls then ring nowhere', 'It is so, also where it was so before'),
  'DELETE /api/v1/users/me/blocks/:userId': ofOne('Unblock somebody', 'It is so, also where it was so before'),
  'GET /api/v1/users/:userId/status': {
    tag: 'users',
    summary: 'Whether somebody is connected anywhere',
    description: 'Who has blocked the asker looks like somebody who never was there.',
    asks: 'user',
    answers: { 200: { what: 'Online or not, and when last seen', schema: UserStatus } },
    refusals: ['parse_error'],
  },
  'POST /api/v1/users/status': {
    tag: 'users',
    summary: 'The same of many',
    asks: 'user',
    body: ManyUsers,
    answers: { 200: { what: 'In the order asked for', schema: z.array(UserStatus) } },
  },
};
