/** What a client of each wire language may say, to be spoiled. */
const WORDS = {
  chattrix: ['call.ringing', 'call.accept', 'call.reject', 'call.cancel', 'call.end', 'call.connected', 'call.quality', 'auth.refresh'],
  otomo: ['call_ringing', 'call_accept', 'call_reject', 'call_cancel', 'call_end', 'call_connected', 'call_quality', 'auth.refresh'],
  onlycare: ['call:ringing', 'call:accept', 'call:reject', 'call:cancel', 'call:end', 'call:connected', 'call:quality', 'auth:refresh'],
  otsy: ['join_chat', 'leave_chat', 'send_message', 'typing_indicator', 'mark_messages_read', 'auth:refresh'],
} as const;

export type FuzzedDialect = keyof typeof WORDS;
export const FUZZED_DIALECTS = Object.keys(WORDS) as FuzzedDialect[];

type Random = () => number;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <Item>(random: Random, items: readonly Item[]): Item => items[below(random, items.length)] as Item;

const NASTY: readonly string[] = [
  'null',
  'true',
  '0',
  '-0',
  '1e999',
  '-1',
  '1.5',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"🎉"',
  '"\u202e"',
  '"<script>"',
  '"\'; DROP TABLE calls; --"',
  '"a\\r\\nb"',
  '[]',
  '{}',
  '[[[[[[]]]]]]',
  '{"__proto__":{"ok":true}}',
  '{"constructor":{"prototype":{"ok":true}}}',
  '{"toString":1}',
  '{"then":1}',
  '{"_placeholder":true,"num":0}',
  'undefined',
  'NaN',
  '"',
];

const KEYS = [
  'callId',
  'calleeId',
  'reason',
  'token',
  'chatId',
  'chat_id',
  'content',
  'messageIds',
  'quality',
  'txQuality',
  'requestId',
  '__proto__',
];

const CHARACTERS = '{}[]",:\\u0/ \t\n\r0123456789-+.eE\u0000\ud800\udc00é電🎉_a';

const randomText = (random: Random, limit: number): string =>
  Array.from({ length: below(random, limit) }, () => CHARACTERS[below(random, CHARACTERS.length)]).join('');

const body = (random: Random): string => {
  const fields = Array.from({ length: below(random, 5) }, () => `"${pick(random, KEYS)}":${pick(random, NASTY)}`);
  return random() < 0.2 ? pick(random, NASTY) : `{${fields.join(',')}}`;
};

/** Cuts a text off, doubles a part of it, or puts something between. */
const spoiled = (text: string, random: Random): string => {
  const at = below(random, text.length + 1);
  const from = below(random, text.length + 1);
  return pick(random, [
    () => text,
    () => text.slice(0, at),
    () => text.slice(0, at) + randomText(random, 8) + text.slice(at),
    () => text.slice(0, at) + text.slice(from),
    () => text + text,
  ])();
};

const jsonFrame = (dialect: 'chattrix' | 'otomo', random: Random): string =>
  `{"type":${random() < 0.8 ? JSON.stringify(pick(random, WORDS[dialect])) : pick(random, NASTY)},"payload":${body(random)}${
    random() < 0.3 ? `,"requestId":${pick(random, NASTY)}` : ''
  }}`;

const ENGINE_TYPES = ['4', '4', '4', '4', '4', '4', '6', 'b', ''];
const PACKET_TYPES = ['2', '2', '2', '2', '3', '5', '6', '7', '9', ''];

/** Neither a connect nor a disconnect: those end the connection, which ends the test of what comes after. */
const socketIoFrame = (dialect: 'onlycare' | 'otsy', random: Random): string => {
  const namespace = dialect === 'otsy' ? '/chat,' : '';
  const id = random() < 0.4 ? String(below(random, 1e9)) : '';
  const event = random() < 0.8 ? JSON.stringify(pick(random, WORDS[dialect])) : pick(random, NASTY);
  return `${pick(random, ENGINE_TYPES)}${pick(random, PACKET_TYPES)}${pick(random, [namespace, namespace, '/nothing,', '/'])}${id}[${event},${body(random)}]`;
};

/** One frame that is nearly right or not at all, the same for the same seed. */
export const malformedFrame = (dialect: FuzzedDialect, random: Random): string => {
  if (random() < 0.15) return randomText(random, 200);
  return spoiled(dialect === 'chattrix' || dialect === 'otomo' ? jsonFrame(dialect, random) : socketIoFrame(dialect, random), random);
};
