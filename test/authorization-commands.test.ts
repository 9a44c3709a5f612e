import { randomUUID } from 'node:crypto';
import { CallState, ChatCommand, Command } from '@trunkline/contract';
import { type System, startSystem } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let system: System;

const SERVER_KEY = 'the-server-key-of-tests-only';
const HOUR = '3600';

beforeAll(async () => {
  // Nothing ends by itself: what a cell finds is the state that it asked for.
  const settings = { UNREACHABLE_GRACE_SECONDS: '60', RING_TIMEOUT_SECONDS: '120', CONNECT_TIMEOUT_SECONDS: HOUR };
  system = await startSystem({ settings: { ...settings, SERVER_API_KEYS: SERVER_KEY, LIMIT_MESSAGES_PER_MINUTE: '0' } });
});
afterAll(() => system[Symbol.asyncDispose]());

const post = async (path: string, body: object, token = system.internalToken) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${system.callServices[0]?.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBeLessThan(300);
  // biome-ignore lint/suspicious/noExplicitAny: the door's answers are asserted by what is done with them
  return (await response.json()) as any;
};

const STATES = CallState.options;
const ROLES = ['caller', 'another device of the caller', 'callee', 'another device of the callee', 'stranger'] as const;
type Role = (typeof ROLES)[number];

/**
 * What a person in a role is answered in each state, in this order: INITIATING, RINGING, CONNECTING, ACTIVE, ENDED, REJECTED,
 * CANCELLED, MISSED, FAILED. `+` done, `-` refused for the state, `x` unauthorized, `c` conflict.
 */
interface Row {
  command: object;
  caller: string;
  callee: string;
  stranger: string;
}

const NEVER = 'xxxxxxxxx';
const calleesOwn = { caller: NEVER, callee: '++-------', stranger: NEVER };
const connected = { caller: '--++-----', callee: '--++-----', stranger: NEVER };

/** Every command of the contract: one that is missing does not compile. */
const MATRIX: Readonly<Record<Command['type'], readonly Row[]>> = {
  // Under the id of a call that there is: the same again is what the call came to, and for anybody else the id is taken.
  place_call: [{ command: {}, caller: '+++++++++', callee: 'ccccccccc', stranger: 'ccccccccc' }],
  acknowledge_ring: [{ command: {}, ...calleesOwn }],
  accept_call: [{ command: {}, ...calleesOwn }],
  reject_call: [{ command: { reason: 'declined' }, ...calleesOwn }],
  cancel_call: [{ command: {}, caller: '++-------', callee: NEVER, stranger: NEVER }],
  end_call: [
    { command: { whileRinging: 'refuse' }, ...connected },
    { command: { whileRinging: 'cancel_or_reject' }, caller: '++++-----', callee: '++++-----', stranger: NEVER },
  ],
  report_connected: [{ command: {}, ...connected }],
  report_quality: [{ command: { quality: 'BAD' }, ...connected }],
  relay_signal: [{ command: { signal: { type: 'offer', sdp: 'v=0' } }, ...connected }],
  set_status: [
    { command: { status: 'CONNECTING' }, caller: 'xx+------', callee: '+++------', stranger: NEVER },
    { command: { status: 'ACTIVE' }, ...connected },
    { command: { status: 'ENDED' }, caller: '--+++----', callee: '--+++----', stranger: NEVER },
  ],
};

interface Cell {
  callId: string;
  state: CallState;
  role: Role;
  command: { type: Command['type'] } & object;
  expected: string;
}

const cellsOf = (type: Command['type'], { command, ...expected }: Row): Cell[] =>
  STATES.flatMap((state, index) =>
    ROLES.map((role): Cell => {
      const words = role === 'stranger' ? expected.stranger : role.endsWith('caller') ? expected.caller : expected.callee;
      return { callId: `call-${randomUUID()}`, state, role, command: { type, ...command }, expected: words[index] ?? '' };
    }),
  );

const CELLS: readonly Cell[] = Command.options.flatMap(({ shape }) => {
  const [type] = shape.type.values;
  return (MATRIX[type as Command['type']] ?? []).flatMap((row) => cellsOf(type as Command['type'], row));
});

const userOf = (role: Role, callId: string): string => {
  if (role === 'stranger') return 'eve';
  return role.endsWith('caller') ? `caller-of-${callId}` : `callee-of-${callId}`;
};

const envelope = (callId: string, role: Role, command: object) => ({
  commandId: randomUUID(),
  attempt: 1,
  actor: { userId: userOf(role, callId), name: null, avatar: null, role: null, deviceId: `device of ${role}`, sessionId: null },
  command: { callId, ...command },
  mintedCallId: null,
  requestId: null,
  wantsAnswer: true,
  dialect: 'test',
});

const BATCH = 128;

/** Sends commands in batches; replies in their order. */
const send = async (
  envelopes: readonly object[],
): Promise<{ ok: boolean; error?: { code: string; message: string; callId?: string } }[]> => {
  const replies = [];
  for (let from = 0; from < envelopes.length; from += BATCH)
    replies.push(...(await post('/internal/commands', { commands: envelopes.slice(from, from + BATCH) })).replies);
  return replies;
};

const placeOf = (callId: string) => ({ type: 'place_call', calleeId: userOf('callee', callId) });

/** What brings a call from INITIATING into a state, by those who may. */
const WAYS: Readonly<Record<CallState, readonly (readonly [Role, object])[]>> = {
  INITIATING: [],
  RINGING: [['callee', { type: 'acknowledge_ring' }]],
  CONNECTING: [['callee', { type: 'accept_call' }]],
  ACTIVE: [
    ['callee', { type: 'accept_call' }],
    ['callee', { type: 'report_connected' }],
  ],
  ENDED: [
    ['callee', { type: 'accept_call' }],
    ['caller', { type: 'end_call' }],
  ],
  REJECTED: [['callee', { type: 'reject_call' }]],
  CANCELLED: [['caller', { type: 'cancel_call' }]],
  MISSED: [],
  FAILED: [['callee', { type: 'accept_call' }]],
};

/** The two states that only a deadline brings: it is moved, and then looked at. */
const passDeadlines = async (cells: readonly Cell[]): Promise<void> => {
  const idsIn = (state: CallState) => cells.filter((cell) => cell.state === state).map(({ callId }) => callId);
  const past = `clock_timestamp() - interval '2 hours'`;
  await system.database.query(`UPDATE calls SET ring_deadline_at = ${past}, due_at = ${past} WHERE id = ANY($1)`, [idsIn('MISSED')]);
  await system.database.query(`UPDATE calls SET accepted_at = ${past}, due_at = ${past} WHERE id = ANY($1)`, [idsIn('FAILED')]);
  await post('/internal/due', {});
};

const rowsOf = async (ids: readonly string[]) =>
  new Map(
    (await system.database.query<{ id: string; state: CallState; seq: number }>('SELECT * FROM calls WHERE id = ANY($1)', [ids])).map(
      (row) => [row.id, row],
    ),
  );

const MARKS: Readonly<Record<string, string>> = { invalid_status: '-', unauthorized: 'x', conflict: 'c' };

it('every command of the contract has cells', () => {
  const told = new Set(CELLS.map(({ command }) => command.type));
  for (const { shape } of Command.options) expect(told).toContain([...shape.type.values][0]);
});

it('every command by everybody in every state of a call is answered as the matrix says, and a refusal changes nothing', async () => {
  const ids = CELLS.map(({ callId }) => callId);
  await send(CELLS.map(({ callId }) => envelope(callId, 'caller', placeOf(callId))));
  for (const step of [0, 1]) {
    const due = CELLS.flatMap(({ callId, state }) => {
      const way = WAYS[state][step];
      return way === undefined ? [] : [envelope(callId, ...way)];
    });
    await send(due);
  }
  await passDeadlines(CELLS);
  const before = await rowsOf(ids);
  expect(CELLS.map(({ callId }) => before.get(callId)?.state)).toEqual(CELLS.map(({ state }) => state));

  const replies = await send(
    CELLS.map(({ callId, role, command }) =>
      envelope(callId, role, command.type === 'place_call' ? { ...placeOf(callId), ...command } : command),
    ),
  );

  const after = await rowsOf(ids);
  const described = ({ command, role, state }: Cell, mark: string): string => `${JSON.stringify(command)} by ${role} in ${state}: ${mark}`;
  const seen = CELLS.map((cell, index) => described(cell, replies[index]?.ok ? '+' : (MARKS[replies[index]?.error?.code ?? ''] ?? '?')));
  expect(seen).toEqual(CELLS.map((cell) => described(cell, cell.expected)));
  for (const cell of CELLS)
    if (cell.expected !== '+') expect(after.get(cell.callId), described(cell, cell.expected)).toEqual(before.get(cell.callId));

  const words = new Map<string, Set<string>>();
  for (const [index, { role, command, callId }] of CELLS.entries()) {
    if (role !== 'stranger') continue;
    const told = JSON.stringify(replies[index]?.error).replaceAll(callId, 'ID');
    const key = JSON.stringify(command);
    words.set(key, (words.get(key) ?? new Set()).add(told));
  }
  // A stranger is told the same, byte for byte, whatever became of the call.
  for (const [command, told] of words) expect([...told], command).toHaveLength(1);
});

it('for a call that there is not, everybody is answered alike', async () => {
  const commands = Object.entries(MATRIX).flatMap(([type, rows]) =>
    type === 'place_call' ? [] : rows.map(({ command }) => ({ type, ...command })),
  );
  const replies = await send(commands.map((command) => envelope('no-such-call', 'stranger', command)));
  expect(new Set(replies.map(({ error }) => JSON.stringify(error)))).toEqual(
    new Set([JSON.stringify({ code: 'call_not_found', message: 'There is no such call', callId: 'no-such-call' })]),
  );
});

describe('chats', () => {
  const MEMBERS = ['user', 'another device of the user', 'shopper'] as const;
  const OUTSIDERS = ['stranger', 'former member'] as const;

  /** Every command of the contract on a chat. */
  const COMMANDS: Readonly<Record<ChatCommand['type'], (messageId: string) => object>> = {
    send_message: () => ({ messageType: 'text', content: 'Hello!' }),
    open_chat: () => ({ takesSeat: false }),
    leave_chat: () => ({}),
    mark_read: (messageId) => ({ messageIds: [messageId] }),
  };

  /** Whoever is outside may say that they left: it says nothing, and there is nothing to leave. */
  const OPEN_TO_ALL: ReadonlySet<string> = new Set(['leave_chat']);

  const openChat = async () => {
    const [userId, shopperId, formerId] = [`user-${randomUUID()}`, `shopper-${randomUUID()}`, `former-${randomUUID()}`];
    const { id: chatId } = await post(
      '/v1/chat',
      { order_id: `order-${randomUUID()}`, user_id: userId, shopper_id: shopperId },
      SERVER_KEY,
    );
    const url = `${system.callServices[0]?.url}/v1/server/chats/${chatId}/members/${formerId}`;
    for (const method of ['PUT', 'DELETE']) await fetch(url, { method, headers: { authorization: `Bearer ${SERVER_KEY}` } });
    const people = { user: userId, 'another device of the user': userId, shopper: shopperId, stranger: 'eve', 'former member': formerId };
    const tell = async (who: keyof typeof people, command: object) => {
      const actor = { userId: people[who], name: null, avatar: null, role: null, deviceId: who, sessionId: null };
      const sent = { commandId: randomUUID(), attempt: 1, actor, command: { chatId, ...command }, requestId: null };
      return (await post('/internal/chat-commands', { commands: [sent] })).replies[0];
    };
    const { result } = await tell('user', { type: 'send_message', messageType: 'text', content: 'First' });
    return { tell, chatId, messageId: result.message.id as string };
  };

  it.each(Object.entries(COMMANDS))('%s is for members, with whatever device', async (type, body) => {
    const { tell, messageId } = await openChat();
    for (const who of MEMBERS) expect(await tell(who, { type, ...body(messageId) }), who).toMatchObject({ ok: true });
  });

  it.each(Object.entries(COMMANDS))('%s by who is outside is refused, and to everybody in the same words', async (type, body) => {
    const { tell, chatId, messageId } = await openChat();
    const answers = await Promise.all(OUTSIDERS.map((who) => tell(who, { type, ...body(messageId) })));
    if (OPEN_TO_ALL.has(type)) return expect(answers).toEqual(OUTSIDERS.map(() => ({ ok: true, result: { type: 'left', chatId } })));
    expect(answers[0]).toMatchObject({ ok: false, error: { code: 'unauthorized' } });
    expect(answers[1]).toEqual(answers[0]);
    const [row] = await system.database.query<{ count: string }>('SELECT count(*) FROM messages WHERE chat_id = $1', [chatId]);
    expect(row?.count).toBe('1');
  });

  it('every command of the contract is among them', () => {
    expect(Object.keys(COMMANDS).sort()).toEqual(
      ChatCommand.options.flatMap((option) => [...('shape' in option ? option.shape.type.values : [])]).sort(),
    );
  });
});
