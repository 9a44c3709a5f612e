import type { CommandReply } from '@trunkline/contract';
import { NOW, READ_CLOCK } from '../database/clock.ts';
import { type Transaction, WorthRepeating } from '../database/database.ts';
import { preferencesIfReachable, type ReachRow, reachFrom, reachOf } from '../notifications/reach.ts';
import { answerKey, bodyHash, commandKey } from './answer-key.ts';
import { CALL_COLUMNS } from './call-columns.ts';
import type { CallRecord } from './call-record.ts';
import type { KnownLines } from './known-lines.ts';
import type { Input, Loaded, StoredAnswer } from './world.ts';

const TAKE_ANSWER_KEYS = {
  name: 'take_answer_keys',
  text: `INSERT INTO answers (key, body_hash) SELECT key, body_hash FROM unnest($1::text[], $2::text[]) AS taken (key, body_hash)
    ORDER BY key ON CONFLICT DO NOTHING RETURNING key`,
};
/** What a client brings becomes a call's id or its alias, and no index keeps one from being the other of another call: one place at a time decides. */
const LOCK_BROUGHT_IDS = {
  name: 'lock_brought_ids',
  text: `SELECT pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT hashtextextended(id, 7246004) AS key FROM unnest($1::text[]) AS brought (id) ORDER BY key) AS keys`,
};
/** In one pass, as everybody takes lines: who waits for one holds none behind it. `WHERE false`: one that is there is locked, not written. */
export const MAKE_AND_LOCK_LINES = {
  name: 'make_and_lock_lines',
  text: `INSERT INTO lines (user_id) SELECT user_id FROM unnest($1::text[]) AS made (user_id) ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id WHERE false`,
};
const LOCK_LINES = {
  name: 'lock_lines',
  text: `SELECT count(*)::integer AS locked FROM (SELECT FROM lines WHERE user_id = ANY ($1::text[]) ORDER BY user_id FOR UPDATE) AS line`,
};

/** Locks calls in the order of ids. */
const lockCalls = (ids: string): string =>
  `SELECT ${CALL_COLUMNS}, ${preferencesIfReachable('c.callee_id')} AS "calleePreferences" FROM calls c WHERE c.id = ANY (ARRAY(${ids}))
    ORDER BY c.id FOR UPDATE OF c`;

const NAMED_IDS = 'SELECT unnest($1::text[]) UNION SELECT id FROM calls WHERE callee_alias = ANY ($1::text[])';

/** `$1`: ids or aliases. */
export const LOCK_NAMED_CALLS = { name: 'lock_named_calls', text: lockCalls(NAMED_IDS) };
/** `$1`: ids or aliases; `$2`: users whose live calls matter too. */
export const LOCK_CALLS = {
  name: 'lock_calls',
  text: lockCalls(`${NAMED_IDS}
      UNION SELECT id FROM calls WHERE caller_id = ANY ($2::text[]) AND coalesce(ended_at, 'infinity') = 'infinity'
      UNION SELECT id FROM calls WHERE callee_id = ANY ($2::text[]) AND coalesce(ended_at, 'infinity') = 'infinity' AND NOT hidden_from_callee`),
};

/**
 * All else that a batch may depend on, read behind the locks, in one statement. `$1`: keys of answers; `$2`, `$3`: callees and who calls them;
 * `$4`: users; `$5`, `$6`: calls, and commands that were sent before. The clock: what counts is when the batch could act, not when it began
 * to wait (invariant 5).
 */
export const READ_BESIDE = {
  name: 'read_beside_calls',
  text: `SELECT ${NOW},
    (SELECT json_agg(json_build_object('key', key, 'bodyHash', body_hash, 'reply', reply)) FROM answers WHERE key = ANY ($1::text[])) AS answers,
    (SELECT json_agg(json_build_object('owner', b.owner_id, 'blocked', b.blocked_id)) FROM unnest($2::text[], $3::text[]) AS pair (owner_id, blocked_id)
      JOIN blocks b ON b.owner_id = pair.owner_id AND b.blocked_id = pair.blocked_id) AS blocks,
    (SELECT json_agg(r) FROM (${reachOf('$2')}) AS r) AS reach,
    (SELECT json_agg(DISTINCT user_id) FROM sessions WHERE user_id = ANY ($4::text[]) AND closed_at IS NULL AND hears = 'calls') AS present,
    (SELECT json_agg(json_build_object('commandId', command_id, 'callId', call_id)) FROM call_trace WHERE command_id = ANY ($6::text[]) AND call_id = ANY (ARRAY(
      SELECT unnest($5::text[]) UNION SELECT id FROM calls WHERE callee_alias = ANY ($5::text[])))) AS done`,
};

interface Beside {
  now: number;
  answers?: { key: string; bodyHash: string; reply: CommandReply | null }[] | null;
  blocks?: { owner: string; blocked: string }[] | null;
  reach?: ReachRow[] | null;
  present?: string[] | null;
  done?: { commandId: string; callId: string }[] | null;
}

/** What a batch must lock and read. Sets, because a batch may hold several inputs about the same call. */
interface Needs {
  keys: Map<string, string>;
  readOnlyKeys: Set<string>;
  broughtIds: Set<string>;
  lineUsers: Set<string>;
  /** Callee and caller of each place. */
  pairs: [string, string][];
  callIds: Set<string>;
  presenceUsers: Set<string>;
  repeatedCommands: Set<string>;
}

/** The call that an input must lock. */
const callIdOf = (input: Input): string | null => {
  if (input.kind === 'stopped') return null;
  if (input.kind === 'rung') return input.delivery.callId;
  if (input.kind !== 'command') return input.callId;
  const { command, mintedCallId } = input.envelope;
  return command.type === 'place_call' ? (command.callId ?? mintedCallId) : command.callId;
};

const addCommandNeeds = (needs: Needs, { envelope }: Extract<Input, { kind: 'command' }>): void => {
  const { command, actor, attempt, commandId } = envelope;
  const key = answerKey(envelope);
  if (key !== null && !needs.keys.has(key)) needs.keys.set(key, bodyHash(envelope));
  if (attempt > 1) {
    needs.readOnlyKeys.add(commandKey(envelope));
    needs.repeatedCommands.add(commandId);
  }
  if (command.type !== 'place_call') return;
  if (command.callId !== undefined) needs.broughtIds.add(command.callId);
  needs.lineUsers.add(actor.userId).add(command.calleeId);
  needs.pairs.push([command.calleeId, actor.userId]);
  if (actor.sessionId !== null) needs.presenceUsers.add(actor.userId);
};

const needsOf = (inputs: readonly Input[]): Needs => {
  const needs: Needs = {
    keys: new Map(),
    readOnlyKeys: new Set(),
    broughtIds: new Set(),
    lineUsers: new Set(),
    pairs: [],
    callIds: new Set(),
    presenceUsers: new Set(),
    repeatedCommands: new Set(),
  };
  for (const input of inputs) {
    const callId = callIdOf(input);
    if (callId !== null) needs.callIds.add(callId);
    if (input.kind === 'command') addCommandNeeds(needs, input);
    if (input.kind === 'presence') needs.presenceUsers.add(input.userId);
    if (input.kind === 'nobody_heard') needs.presenceUsers.add(input.calleeId);
  }
  return needs;
};

const takenBefore = (rows: Beside['answers'], takenNow: readonly { key: string }[]): Map<string, StoredAnswer> => {
  const ours = new Set(takenNow.map(({ key }) => key));
  return new Map(rows?.filter(({ key }) => !ours.has(key)).map(({ key, bodyHash, reply }) => [key, { bodyHash, reply }]));
};

const groupBlocks = (rows: Beside['blocks']): Map<string, Set<string>> => {
  const blockedBy = new Map<string, Set<string>>();
  for (const { owner, blocked } of rows ?? []) blockedBy.set(owner, (blockedBy.get(owner) ?? new Set()).add(blocked));
  return blockedBy;
};

type LockedCall = CallRecord & { calleePreferences: object | null };

/** What is read of a callee beside the call goes by the user, as for those who are only being called. */
const reachOfCallees = (calls: readonly LockedCall[]): ReachRow[] =>
  calls.map(({ calleeId, calleePreferences }) => ({ userId: calleeId, preferences: calleePreferences }));

const withoutReach = ({ calleePreferences: _, ...call }: LockedCall): CallRecord => call;

const takeKeys = (transaction: Transaction, keys: ReadonlyMap<string, string>): Promise<{ key: string }[]> =>
  keys.size === 0 ? Promise.resolve([]) : transaction.query(TAKE_ANSWER_KEYS, [[...keys.keys()], [...keys.values()]]);

const lockBroughtIds = (transaction: Transaction, ids: ReadonlySet<string>): void => {
  if (ids.size > 0) transaction.send(LOCK_BROUGHT_IDS, [[...ids]]);
};

/** @throws WorthRepeating when a line that was known is gone, by an erasure */
const lockLines = async (transaction: Transaction, users: readonly string[], known: KnownLines): Promise<void> => {
  if (users.length === 0) return;
  if (!known.has(users)) {
    await transaction.query(MAKE_AND_LOCK_LINES, [users]);
    return known.add(users);
  }
  const [row] = await transaction.query<{ locked: number }>(LOCK_LINES, [users]);
  if (row?.locked === users.length) return;
  known.forget(users);
  throw new WorthRepeating('a line was erased meanwhile');
};

const lockCallsOf = (transaction: Transaction, callIds: readonly string[], lineUsers: readonly string[]): Promise<LockedCall[]> => {
  if (lineUsers.length > 0) return transaction.query(LOCK_CALLS, [callIds, lineUsers]);
  return callIds.length === 0 ? Promise.resolve([]) : transaction.query(LOCK_NAMED_CALLS, [callIds]);
};

const readBeside = async (transaction: Transaction, callIds: readonly string[], needs: Needs): Promise<Beside> => {
  const { keys, readOnlyKeys, pairs, presenceUsers, repeatedCommands } = needs;
  const needsMore = keys.size + readOnlyKeys.size + pairs.length + presenceUsers.size + repeatedCommands.size > 0;
  const [beside] = needsMore
    ? await transaction.query<Beside>(READ_BESIDE, [
        [...keys.keys(), ...readOnlyKeys],
        pairs.map(([callee]) => callee),
        pairs.map(([, caller]) => caller),
        [...presenceUsers],
        repeatedCommands.size === 0 ? [] : callIds,
        [...repeatedCommands],
      ])
    : await transaction.query<Beside>(READ_CLOCK, []);
  return beside as Beside;
};

/**
 * Locks in one order, whatever the batch holds: idempotency keys, then ids that were brought, then lines in user order, then calls in id order.
 * All statements travel in one round trip.
 */
export const loadAndLock = async (transaction: Transaction, inputs: readonly Input[], known: KnownLines): Promise<Loaded> => {
  const needs = needsOf(inputs);
  const callIds = [...needs.callIds];
  const lineUsers = [...needs.lineUsers];
  const taken = takeKeys(transaction, needs.keys);
  lockBroughtIds(transaction, needs.broughtIds);
  const lines = lockLines(transaction, lineUsers, known);
  const locked = lockCallsOf(transaction, callIds, lineUsers);
  const read = readBeside(transaction, callIds, needs);
  const [takenNow, , calls, { now, answers, blocks, reach, present, done }] = await Promise.all([taken, lines, locked, read]);
  return {
    answers: takenBefore(answers, takenNow),
    calls: calls.map(withoutReach),
    blockedBy: groupBlocks(blocks),
    reach: reachFrom([...reachOfCallees(calls), ...(reach ?? [])], now),
    now,
    presentUsers: new Set(present),
    doneCommands: new Map(done?.map(({ commandId, callId }) => [commandId, callId])),
  };
};
