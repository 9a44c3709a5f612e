import type { Rest } from './rest.ts';

export interface UserPresence {
  readonly userId: string;
  readonly online: boolean;
  /** ISO 8601; null of who was never seen to leave. */
  readonly lastSeenAt: string | null;
}

/** Whom this user does not want to hear of. */
export interface Blocks {
  list(): Promise<readonly string[]>;
  add(userId: string): Promise<void>;
  remove(userId: string): Promise<void>;
  has(userId: string): Promise<boolean>;
}

const BLOCKS = '/api/v1/users/me/blocks';

const blockOf = (userId: string): string => `${BLOCKS}/${encodeURIComponent(userId)}`;

interface BlocksPage {
  readonly items: readonly string[];
  /** Not there where the server is of the time before there were pages. */
  readonly nextCursor?: string | null;
}

const listBlocks = async (rest: Rest): Promise<readonly string[]> => {
  const items: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await rest.data<BlocksPage>({ method: 'GET', path: BLOCKS, query: { cursor } });
    items.push(...page.items);
    if (page.nextCursor === undefined || page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
};

export const blocksApi = (rest: Rest): Blocks => ({
  list: () => listBlocks(rest),
  add: (userId) => rest.data({ method: 'PUT', path: blockOf(userId) }),
  remove: (userId) => rest.data({ method: 'DELETE', path: blockOf(userId) }),
  has: async (userId) => (await rest.data<{ blocked: boolean }>({ method: 'GET', path: blockOf(userId) })).blocked,
});

/** Who of up to 100 users is connected, in the order of the question. @throws TrunklineError */
export const readPresence = (rest: Rest, userIds: readonly string[]): Promise<readonly UserPresence[]> =>
  rest.data({ method: 'POST', path: '/api/v1/users/status', body: { userIds } });
