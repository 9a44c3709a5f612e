import { ChatId, type MessageView, messageViewFor, refusal, type UserId } from '@trunkline/contract';
import { createMicroBatch } from '@trunkline/service-kit';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { MESSAGE_COLUMNS } from './chat-columns.ts';
import { type ChatFailure, refuse } from './chat-world.ts';
import { type MessageRow, messageFromRow } from './message-rows.ts';
import { page, pageSize } from './paging.ts';
import { messageOf } from './say.ts';
import { searchQuery } from './search-words.ts';

const MAX_QUERY = 200;
/** Nobody looks further; whoever would has more words to look for. */
const MAX_PAGE = 50;
/** A search without a chat looks into this many, the most recently written in. */
const MAX_CHATS = 200;

export const SearchQuery = z.object({
  q: z
    .string({ error: 'must be text' })
    .max(MAX_QUERY)
    .regex(/[\p{L}\p{N}]/u, 'must have a letter or a digit'),
  chat_id: ChatId.optional(),
  /** The same, as it is spelled elsewhere. */
  chatId: ChatId.optional(),
  page: page().pipe(z.number().max(MAX_PAGE, `must be at most ${MAX_PAGE}`)),
  limit: pageSize(20),
});
export type SearchQuery = z.infer<typeof SearchQuery>;

const READ_SEARCHED_CHATS = {
  name: 'read_searched_chats',
  text: `SELECT m.chat_id AS id FROM chat_members m WHERE m.user_id = $1 AND m.left_at IS NULL AND ($2::uuid IS NULL OR m.chat_id = $2)
    ORDER BY m.active_at DESC, m.chat_id DESC LIMIT ${MAX_CHATS}`,
};
/** `$1` what to look for, `$2` how many, `$3` and `$4`: from how many days ago, to how many. */
export const SEARCH_MESSAGES = {
  name: 'search_messages',
  text: `SELECT * FROM (
      SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.words @@ $1::text::tsquery
        AND m.created_at >= now() - make_interval(days => $3) AND m.created_at < now() - make_interval(days => $4)
      UNION ALL SELECT ${MESSAGE_COLUMNS} FROM messages_archive m WHERE m.words @@ $1::text::tsquery
        AND m.created_at >= now() - make_interval(days => $3) AND m.created_at < now() - make_interval(days => $4)
    ) AS found ORDER BY "createdAt" DESC, "chatId", seq DESC LIMIT $2::integer`,
};

/** A word that everybody says is found often enough in the last month: whoever asks for the newest need not wait for the rest. */
const AGES_DAYS: readonly (readonly [number, number])[] = [
  [31, -1],
  [124, 31],
  [500_000, 124],
];

const find = async (database: Database, words: string, wanted: number): Promise<MessageRow[]> => {
  const found: MessageRow[] = [];
  for (const [from, to] of AGES_DAYS) {
    if (found.length >= wanted) break;
    found.push(...(await database.query<MessageRow>(SEARCH_MESSAGES, [words, wanted - found.length, from, to])));
  }
  return found;
};

export interface Found {
  messages: MessageView[];
  page: number;
  limit: number;
  has_more: boolean;
}

type SearchAnswer = { ok: true; found: Found } | ChatFailure;

const searchMessages = async (
  database: Database,
  userId: UserId,
  { q, chat_id, chatId = chat_id, page, limit }: SearchQuery,
): Promise<SearchAnswer> => {
  const chats = await database.query<{ id: string }>(READ_SEARCHED_CHATS, [userId, chatId ?? null]);
  if (chats.length === 0 && chatId !== undefined) return refuse('unauthorized', 'User is not a member of this chat', 'chat_id');
  const words = searchQuery(
    chats.map(({ id }) => id),
    q,
  );
  const rows = words === null ? [] : await find(database, words, page * limit + 1);
  const shown = rows.slice((page - 1) * limit, page * limit);
  const messages = shown.map((row) => messageViewFor(messageOf(messageFromRow(row)), userId));
  return { ok: true, found: { messages, page, limit, has_more: rows.length > page * limit } };
};

/** A search costs as much as all chats have of its words: calls and messages keep the other connections to the database. */
const MAX_UNDER_WAY = 2;
const MAX_WAITING = 50;
const TOO_MANY: ChatFailure = { ok: false, error: { ...refusal('rate_limited'), retryAfterSeconds: 1 } };

/** Finds the messages with all words of `q` in the chats of which a user is a member, newest first. */
export type SearchMessages = (userId: UserId, query: SearchQuery) => Promise<SearchAnswer>;

export const createSearch = (database: Database): SearchMessages => {
  const searches = createMicroBatch<() => Promise<SearchAnswer>, SearchAnswer>({
    maxItems: 1,
    maxInFlight: MAX_UNDER_WAY,
    run: (asked) => Promise.all(asked.map((search) => search())),
  });
  return async (userId, query) =>
    searches.size >= MAX_WAITING ? TOO_MANY : await searches.add(() => searchMessages(database, userId, query));
};
