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

export const blocksApi = (rest: Rest): Blocks => ({
  list: async () => (await rest.data<{ items: string[] }>({ method: 'GET', path: BLOCKS })).items,
  add: (userId) => rest.data({ method: 'PUT', path: blockOf(userId) }),
  remove: (userId) => rest.data({ method: 'DELETE', path: blockOf(userId) }),
  has: async (userId) => (await rest.data<{ blocked: boolean }>({ method: 'GET', path: blockOf(userId) })).blocked,
});

/** Who of up to 100 users is connected, in the order of the question. @throws TrunklineError */
export const readPresence = (rest: Rest, userIds: readonly string[]): Promise<readonly UserPresence[]> =>
  rest.data({ method: 'POST', path: '/api/v1/users/status', body: { userIds } });
