import type { CommandReply } from '@trunkline/contract';
import type { Transaction } from '../database/database.ts';
import { preferencesIfReachable, READ_REACH, type ReachRow, reachFrom } from '../notifications/reach.ts';
import { answerKey, bodyHash, commandKey } from './answer-key.ts';
import { CALL_COLUMNS } from './call-columns.ts';
import type { CallRecord } from './call-record.ts';
import type { Input, Loaded, StoredAnswer } from './world.ts';

const TAKE_ANSWER_KEYS = {
  name: 'take_answer_keys',
  text: `INSERT INTO answers (key, body_hash) SELECT key, body_hash FROM unnest($1::text[], $2::text[]) AS taken (key, body_hash)
    ORDER BY key ON CONFLICT DO NOTHING RETURNING key`,
};
const READ_ANSWERS = { name: 'read_answers', text: 'SELECT key, body_hash, reply FROM answers WHERE key = ANY ($1::text[])' };
const MAKE_LINES = {
  name: 'make_lines',
  text: 'INSERT INTO lines (user_id) SELECT user_id FROM unnest($1::text[]) AS made (user_id) ORDER BY user_id ON CONFLICT DO NOTHING',
};
const LOCK_LINES = { name: 'lock_lines', text: 'SELECT FROM lines WHERE user_id = ANY ($1::text[]) ORDER BY user_id FOR UPDATE' };

/** `$1`: ids or aliases; `$2`: users whose live calls matter too. Locked in the order of ids. */
export const LOCK_CALLS = {
  name: 'lock_calls',
  text: `SELECT ${CALL_COLUMNS}, ${preferencesIfReachable('c.callee_id')} AS "calleePreferences" FROM calls c WHERE c.id = ANY (ARRAY(
      SELECT unnest($1::text[])
      UNION SELECT id FROM calls WHERE callee_alias = ANY ($1::text[])
      UNION SELECT id FROM calls WHERE caller_id = ANY ($2::text[]) AND coalesce(ended_at, 'infinity') = 'infinity'
      UNION SELECT id FROM calls WHERE callee_id = ANY ($2::text[]) AND coalesce(ended_at, 'infinity') = 'infinity' AND NOT hidden_from_callee
    )) ORDER BY c.id FOR UPDATE OF c`,
};
/** After the locks: the time that counts is when the batch could act, not when it began to wait (invariant 5). */
const READ_CLOCK = { name: 'read_clock', text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now' };
const READ_BLOCKS = {
  name: 'read_blocks',
  text: `SELECT b.owner_id, b.blocked_id FROM unnest($1::text[], $2::text[]) AS pair (owner_id, blocked_id)
    JOIN blocks b ON b.owner_id = pair.owner_id AND b.blocked_id = pair.blocked_id`,
};
const READ_PRESENT = {
  name: 'read_present_users',
  text: "SELECT DISTINCT user_id FROM sessions WHERE user_id = ANY ($1::text[]) AND closed_at IS NULL AND hears = 'calls'",
};
export const READ_DONE_COMMANDS = {
  name: 'read_done_commands',
  text: `SELECT command_id, call_id FROM call_trace WHERE command_id = ANY ($2::text[]) AND call_id = ANY (ARRAY(
    SELECT unnest($1::text[]) UNION SELECT id FROM calls WHERE callee_alias = ANY ($1::text[])))`,
};

/** What a batch must lock and read. Sets, because a batch may hold several inputs about the same call. */
interface Needs {
  keys: Map<string, string>;
  readOnlyKeys: Set<string>;
  lineUsers: Set<string>;
  /** Callee and caller of each place. */
  pairs: [string, string][];
  callIds: Set<string>;
  presenceUsers: Set<string>;
  repeatedCommands: Set<string>;
}

const callIdOf = (input: Input): string | null => {
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
  needs.lineUsers.add(actor.userId).add(command.calleeId);
  needs.pairs.push([command.calleeId, actor.userId]);
  if (actor.sessionId !== null) needs.presenceUsers.add(actor.userId);
};

const needsOf = (inputs: readonly Input[]): Needs => {
  const needs: Needs = {
    keys: new Map(),
    readOnlyKeys: new Set(),
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

const NOTHING = Promise.resolve([]);

interface AnswerRow {
  key: string;
  body_hash: string;
  reply: CommandReply | null;
}

const takenBefore = (rows: readonly AnswerRow[], takenNow: readonly { key: string }[]): Map<string, StoredAnswer> => {
  const ours = new Set(takenNow.map(({ key }) => key));
  return new Map(rows.filter(({ key }) => !ours.has(key)).map(({ key, body_hash, reply }) => [key, { bodyHash: body_hash, reply }]));
};

interface BlockRow {
  owner_id: string;
  blocked_id: string;
}

const groupBlocks = (rows: readonly BlockRow[]): Map<string, Set<string>> => {
  const blocked = new Map<string, Set<string>>();
  for (const { owner_id, blocked_id } of rows) blocked.set(owner_id, (blocked.get(owner_id) ?? new Set()).add(blocked_id));
  return blocked;
};

type LockedCall = CallRecord & { calleePreferences: object | null };

/** What is read of a callee beside the call goes by the user, as for those who are only being called. */
const reachOfCallees = (calls: readonly LockedCall[]): ReachRow[] =>
  calls.map(({ calleeId, calleePreferences }) => ({ userId: calleeId, preferences: calleePreferences }));

const withoutReach = ({ calleePreferences: _, ...call }: LockedCall): CallRecord => call;

/**
 * Locks in one order, whatever the batch holds: idempotency keys, then lines in user order, then calls in id order.
 * All statements travel in one round trip.
 */
export const loadAndLock = async (transaction: Transaction, inputs: readonly Input[]): Promise<Loaded> => {
  const needs = needsOf(inputs);
  const keys = [...needs.keys.keys()];
  const allKeys = [...keys, ...needs.readOnlyKeys];
  const callIds = [...needs.callIds];
  const lineUsers = [...needs.lineUsers];
  const presenceUsers = [...needs.presenceUsers];
  const taken = keys.length === 0 ? NOTHING : transaction.query<{ key: string }>(TAKE_ANSWER_KEYS, [keys, [...needs.keys.values()]]);
  if (lineUsers.length > 0) {
    transaction.send(MAKE_LINES, [lineUsers]);
    transaction.send(LOCK_LINES, [lineUsers]);
  }
  // Behind the lines: an answer without a key of the client's is kept by whoever held them before.
  const answers = allKeys.length === 0 ? NOTHING : transaction.query<AnswerRow>(READ_ANSWERS, [allKeys]);
  const locked = transaction.query<LockedCall>(LOCK_CALLS, [callIds, lineUsers]);
  const clock = transaction.query<{ now: number }>(READ_CLOCK, []);
  const callees = needs.pairs.map(([callee]) => callee);
  const blocks =
    callees.length === 0 ? NOTHING : transaction.query<BlockRow>(READ_BLOCKS, [callees, needs.pairs.map(([, caller]) => caller)]);
  const reach = callees.length === 0 ? NOTHING : transaction.query<ReachRow>(READ_REACH, [callees]);
  const present = presenceUsers.length === 0 ? NOTHING : transaction.query<{ user_id: string }>(READ_PRESENT, [presenceUsers]);
  const done =
    needs.repeatedCommands.size === 0
      ? NOTHING
      : transaction.query<{ command_id: string; call_id: string }>(READ_DONE_COMMANDS, [callIds, [...needs.repeatedCommands]]);
  const calls = await locked;
  const now = (await clock)[0]?.now as number;
  return {
    answers: takenBefore(await answers, await taken),
    calls: calls.map(withoutReach),
    blockedBy: groupBlocks(await blocks),
    reach: reachFrom([...reachOfCallees(calls), ...(await reach)], now),
    now,
    presentUsers: new Set((await present).map(({ user_id }) => user_id)),
    doneCommands: new Map((await done).map(({ command_id, call_id }) => [command_id, call_id])),
  };
};
