import { setTimeout as pause } from 'node:timers/promises';
import { type ChatId, type UserId, uuidv7 } from '@trunkline/contract';
import type { ChatDecider } from '../chat/chat-decider.ts';
import type { Database } from '../database/database.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import { forgetOffline } from '../webhooks/online-users.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { forgetCaller, forgetSender } from './erase-pushes.ts';
import { atOnce, FORGET_AUDIT, FORGET_BLOCKS, FORGET_OWN_KEYS, FORGET_OWN_PUSHES, inParts } from './erase-rows.ts';

/** Who forgets people. */
export interface EraseOptions {
  database: Database;
  chats: Pick<ChatDecider, 'decide'>;
  sessions: Pick<SessionRegister, 'disconnect'>;
  /** Null: the app's backend is told nothing of who comes and goes. */
  webhooks: Pick<Webhooks, 'go'> | null;
}

/** One person who is to be forgotten. */
export interface Forgetting extends EraseOptions {
  userId: UserId;
  /** Who the person is from now on. */
  pseudonym: string;
  /** The server key that it is done with. */
  keyName: string;
  /** How many pushes of others have named the person so far. */
  pushesOfOthers: number;
}

type Forget = (forgetting: Forgetting) => Promise<number>;

interface Treatment {
  /** What becomes of the rows. `expires`: they go by themselves, and say when. `nobody`: they hold no person. */
  how: 'deleted' | 'pseudonymised' | 'emptied' | 'expires' | 'nobody';
  /** How long rows that expire are kept. */
  within?: string;
  /** What becomes of rows that are somebody else's, and name the person. */
  ofOthers?: 'pseudonymised';
  /** Answers with how many rows it changed; absent where another table's step does it along, or nothing is to do. */
  forget?: Forget;
}

const CALLS_TOGETHER = 500;
const MESSAGES_TOGETHER = 2000;

/** Some of them: each side has its own limit, or each look would go over all that are left. */
export const READ_OWN_CALLS = {
  name: 'forget_read_calls',
  text: `(SELECT id FROM calls WHERE caller_id = $1 AND coalesce(ended_at, 'infinity') < 'infinity' LIMIT ${CALLS_TOGETHER})
    UNION (SELECT id FROM calls WHERE callee_id = $1 AND coalesce(ended_at, 'infinity') < 'infinity' LIMIT ${CALLS_TOGETHER})
    LIMIT ${CALLS_TOGETHER}`,
};
const FORGET_TRACES = {
  name: 'forget_traces',
  text: `UPDATE call_trace SET user_id = $2, device_id = NULL, session_id = NULL, detail = NULL WHERE call_id = ANY ($3::text[]) AND user_id = $1`,
};
const FORGET_CALLS = {
  name: 'forget_calls',
  text: `UPDATE calls SET
      caller_name = CASE WHEN caller_id = $1 THEN NULL ELSE caller_name END,
      caller_avatar = CASE WHEN caller_id = $1 THEN NULL ELSE caller_avatar END,
      answered_by_device = CASE WHEN callee_id = $1 THEN NULL ELSE answered_by_device END,
      answered_by_session = CASE WHEN callee_id = $1 THEN NULL ELSE answered_by_session END,
      ended_by = CASE WHEN ended_by = $1 THEN $2 ELSE ended_by END,
      caller_id = CASE WHEN caller_id = $1 THEN $2 ELSE caller_id END,
      callee_id = CASE WHEN callee_id = $1 THEN $2 ELSE callee_id END,
      reason_text = NULL, channel_id = id
    WHERE id = ANY ($3::text[])`,
};

/** Calls that are over, with their traces; one that lives is left for the next time. */
const forgetCalls: Forget = async (forgetting) => {
  const { database, userId, pseudonym } = forgetting;
  for (let count = 0; ; ) {
    const calls = await database.query<{ id: string }>(READ_OWN_CALLS, [userId]);
    if (calls.length === 0) return count;
    const ids = calls.map(({ id }) => id);
    const values = [userId, pseudonym, ids];
    // Before the calls, by which they are found.
    forgetting.pushesOfOthers += await forgetCaller(forgetting, ids);
    await database.transaction(async (transaction) => {
      transaction.send(FORGET_TRACES, values);
      transaction.send(FORGET_CALLS, values);
    });
    count += calls.length;
  }
};

const READ_OWN_CHATS = {
  name: 'forget_read_chats',
  text: `SELECT c.id, c.last_seq AS "lastSeq", m.left_at IS NULL AS "isMember" FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = $1`,
};
const SYSTEM_NOTE = `type = 'system' AND metadata IS NOT NULL AND position(to_json($1::text)::text IN metadata) > 0`;
const forgetMessages = (table: 'messages' | 'messages_archive') => ({
  name: `forget_${table}`,
  text: `WITH own AS (
      UPDATE ${table} SET sender_id = $2, sender_name = NULL, content = '', attachment_url = NULL, attachment_type = NULL, metadata = NULL,
        client_message_id = NULL, words = NULL
      WHERE chat_id = $3 AND seq > $4 AND seq <= $5 AND sender_id = $1 RETURNING 1
    ), told AS (
      UPDATE ${table} SET metadata = replace(metadata, to_json($1::text)::text, to_json($2::text)::text)
      WHERE chat_id = $3 AND seq > $4 AND seq <= $5 AND sender_id <> $1 AND ${SYSTEM_NOTE} RETURNING 1
    )
    SELECT ((SELECT count(*) FROM own) + (SELECT count(*) FROM told))::integer AS count`,
});

interface OwnChat {
  id: ChatId;
  lastSeq: number;
  isMember: boolean;
}

const ownChats = ({ database, userId }: Forgetting): Promise<OwnChat[]> => database.query<OwnChat>(READ_OWN_CHATS, [userId]);

/** Rows stay, since the numbers of a chat's messages have no gaps; what the person said is gone. Part by part, each in its own time. */
const forgetSaid =
  (table: 'messages' | 'messages_archive'): Forget =>
  async (forgetting) => {
    const { database, userId, pseudonym } = forgetting;
    let count = 0;
    for (const { id, lastSeq } of await ownChats(forgetting)) {
      for (let after = 0; after < lastSeq; after += MESSAGES_TOGETHER) {
        const [row] = await database.query<{ count: number }>(forgetMessages(table), [
          userId,
          pseudonym,
          id,
          after,
          after + MESSAGES_TOGETHER,
        ]);
        count += row?.count ?? 0;
      }
    }
    return count;
  };

const LOCK_CHAT = { name: 'forget_lock_chat', text: 'SELECT FROM chats WHERE id = $1 FOR UPDATE' };
const FORGET_IN_CHAT = {
  name: 'forget_in_chat',
  text: `UPDATE chats SET user_id = CASE WHEN user_id = $1 THEN $2 ELSE user_id END,
    shopper_id = CASE WHEN shopper_id = $1 THEN $2 ELSE shopper_id END WHERE id = $3`,
};
const FORGET_MEMBER = {
  name: 'forget_member',
  text: 'UPDATE chat_members SET user_id = $2, unread_count = 0 WHERE user_id = $1 AND chat_id = $3',
};

/** Out of the chats before anything else, so that nothing is said while it is being forgotten. */
const leaveChats: Forget = async (forgetting) => {
  const chats = (await ownChats(forgetting)).filter(({ isMember }) => isMember);
  const { userId, keyName } = forgetting;
  await Promise.all(chats.map(({ id: chatId }) => forgetting.chats.decide({ kind: 'remove_member', chatId, userId, keyName })));
  return chats.length;
};

/** Last, since the rest is found by it: whoever asks again after a failure finds what is left. */
const forgetMemberships: Forget = async (forgetting) => {
  const { database, userId, pseudonym } = forgetting;
  const chats = await ownChats(forgetting);
  for (const { id } of chats) {
    await database.transaction(async (transaction) => {
      transaction.send(LOCK_CHAT, [id]);
      transaction.send(FORGET_IN_CHAT, [userId, pseudonym, id]);
      transaction.send(FORGET_MEMBER, [userId, pseudonym, id]);
    });
  }
  return chats.length;
};

const deletePushes = inParts(FORGET_OWN_PUSHES);

/** Behind the targets, so that no push is made meanwhile; before the memberships, which tell who was pushed what the person wrote. */
const forgetPushes: Forget = async (forgetting) => {
  forgetting.pushesOfOthers += await forgetSender(forgetting);
  return deletePushes(forgetting);
};

/** With their webhook, where their closed sessions had none yet. Whoever has an open session goes when that closes. */
const forgetOnline: Forget = ({ database, webhooks, userId }) => webhooks?.go([userId]) ?? forgetOffline(database, [userId]);

/**
 * What becomes of each table when a person is forgotten, in this order. A test compares it with the database, so a new
 * table cannot be left out.
 */
export const TREATMENTS: Readonly<Record<string, Treatment>> = {
  // Of one that is open, or was not settled yet, the closing is still to be told of.
  sessions: {
    how: 'deleted',
    forget: atOnce('forget_settled_sessions_of_user', 'DELETE FROM sessions WHERE user_id = $1 AND settled_at IS NOT NULL'),
  },
  lines: { how: 'deleted', forget: atOnce('forget_line', 'DELETE FROM lines WHERE user_id = $1') },
  blocks: { how: 'deleted', forget: inParts(FORGET_BLOCKS) },
  calls: { how: 'pseudonymised', forget: forgetCalls },
  call_trace: { how: 'pseudonymised' },
  message_keys: { how: 'deleted', forget: inParts(FORGET_OWN_KEYS) },
  messages: { how: 'emptied', forget: forgetSaid('messages') },
  messages_archive: { how: 'emptied', forget: forgetSaid('messages_archive') },
  push_targets: { how: 'deleted', forget: atOnce('forget_push_targets', 'DELETE FROM push_targets WHERE user_id = $1') },
  push_preferences: { how: 'deleted', forget: atOnce('forget_push_preferences', 'DELETE FROM push_preferences WHERE user_id = $1') },
  pushes: { how: 'deleted', ofOthers: 'pseudonymised', forget: forgetPushes },
  chat_members: { how: 'pseudonymised', forget: forgetMemberships },
  chats: { how: 'pseudonymised' },
  server_audit: { how: 'pseudonymised', forget: inParts(FORGET_AUDIT) },
  // One that waits for its time would outlast the person: there the pseudonym keeps the place, and nothing goes to it.
  bulks: {
    how: 'expires',
    within: '60 days',
    forget: atOnce(
      'forget_in_waiting_bulks',
      'UPDATE bulks SET user_ids = array_replace(user_ids, $1::text, $2::text) WHERE expanded_at IS NULL AND $1::text = ANY (user_ids)',
    ),
  },
  chat_call_notes: { how: 'expires', within: 'seconds' },
  online_users: { how: 'deleted', forget: forgetOnline },
  webhooks: { how: 'expires', within: 'WEBHOOK_KEEP_HOURS (168), and a day where they still wait' },
  webhook_streams: { how: 'expires', within: '2 days' },
  outbox: { how: 'expires', within: 'seconds' },
  answers: { how: 'expires', within: '24 hours' },
  chat_seats: { how: 'nobody' },
  gateways: { how: 'nobody' },
  server_keys: { how: 'nobody' },
};

const COUNT_LIVE = {
  name: 'count_live_calls',
  text: `SELECT count(*)::integer AS count FROM calls WHERE (caller_id = $1 OR callee_id = $1) AND coalesce(ended_at, 'infinity') = 'infinity'`,
};
const COUNT_OPEN = {
  name: 'count_unsettled_sessions',
  text: 'SELECT count(*)::integer AS count FROM sessions WHERE user_id = $1 AND settled_at IS NULL',
};
const NOTE_ERASURE = { name: 'note_erasure', text: `INSERT INTO server_audit (action, user_id, key_name) VALUES ('erase_user', $1, $2)` };

interface TableDone {
  how: Treatment['how'];
  rows?: number;
  within?: string;
  /** Rows that are somebody else's, and named the person. */
  of_others?: { how: 'pseudonymised'; rows: number };
}

/** What was done about a person. */
export interface Erasure {
  user_id: string;
  /** Stands in the person's place from now on, and says nothing of who it was. */
  pseudonym: string;
  /** False: a call still lived and was left, or a connection was still being closed. Ask again when they are over. */
  complete: boolean;
  live_calls: number;
  /** Connections that could not be closed first, or were opened meanwhile. What came over them may be left. */
  open_sessions: number;
  left_chats: number;
  /** By table: what became of its rows, and how many they were. */
  done: Record<string, TableDone>;
}

const countOf = async ({ database, userId }: Forgetting, statement: typeof COUNT_LIVE): Promise<number> =>
  (await database.query<{ count: number }>(statement, [userId]))[0]?.count ?? 0;

/** Gateways that live close what they are told to within two seconds. */
const CLOSED_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 50;

/** Answers with how many connections are still open then. */
const disconnect = async (forgetting: Forgetting): Promise<number> => {
  await forgetting.sessions.disconnect(forgetting.userId, null);
  const deadline = performance.now() + CLOSED_WITHIN_MS;
  for (;;) {
    const open = await countOf(forgetting, COUNT_OPEN);
    if (open === 0 || performance.now() > deadline) return open;
    await pause(LOOK_EVERY_MS);
  }
};

/** Disconnects a person, and forgets them in every table. May be asked again at any time: it does what is left. */
export const eraseUser = async (options: EraseOptions, userId: UserId, keyName: string): Promise<Erasure> => {
  const forgetting: Forgetting = { ...options, userId, keyName, pseudonym: `erased-${uuidv7()}`, pushesOfOthers: 0 };
  const openBefore = await disconnect(forgetting);
  const left_chats = await leaveChats(forgetting);
  const done: Erasure['done'] = {};
  for (const [table, { how, within, ofOthers, forget }] of Object.entries(TREATMENTS)) {
    if (how === 'nobody') continue;
    const rows = await forget?.(forgetting);
    done[table] = {
      how,
      ...(rows === undefined ? {} : { rows }),
      ...(within === undefined ? {} : { within }),
      ...(ofOthers === undefined ? {} : { of_others: { how: ofOthers, rows: forgetting.pushesOfOthers } }),
    };
  }
  await options.database.query(NOTE_ERASURE, [forgetting.pseudonym, keyName]);
  const live_calls = await countOf(forgetting, COUNT_LIVE);
  const open_sessions = Math.max(openBefore, await countOf(forgetting, COUNT_OPEN));
  const complete = live_calls === 0 && open_sessions === 0;
  return { user_id: userId, pseudonym: forgetting.pseudonym, complete, live_calls, open_sessions, left_chats, done };
};
