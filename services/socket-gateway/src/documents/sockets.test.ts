import { ErrorCode, type MessageId, refusal, type ServerEvent } from '@trunkline/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { someEvent, someViewer } from '../../test/arbitraries.ts';
import { aChatEvent, aMessage, CHAT, MESSAGE, SENT_AT, USER } from '../../test/chat-event.ts';
import { readTranscript } from '../../test/transcript.ts';
import { chattrix } from '../dialects/chattrix.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { onlycare } from '../dialects/onlycare.ts';
import { otomo } from '../dialects/otomo.ts';
import { type ChatAnswer, type ChatTelling, otsy } from '../dialects/otsy.ts';
import { OTSY_WORDS } from '../dialects/otsy-words.ts';
import { tellingFor } from '../dialects/telling.ts';
import type { SocketLanguage } from './socket-language.ts';
import { SOCKETS } from './sockets.ts';

interface EventOnWire {
  event: string;
  body: unknown;
}

/** A frame as transcripts write it, or as a dialect gives it to its transport. */
const wordOf = ({ transport }: SocketLanguage, frame: unknown): { word: string; wire: unknown } => {
  if (transport === 'socket.io') return { word: (frame as EventOnWire).event, wire: (frame as EventOnWire).body };
  const wire = 'json' in (frame as object) ? (frame as { json: unknown }).json : frame;
  return { word: (wire as { type: string }).type, wire };
};

const expectSaid = (language: SocketLanguage, frame: unknown): void => {
  const { word, wire } = wordOf(language, frame);
  expect([word, language.says[word]?.safeParse(wire).error]).toEqual([word, undefined]);
};

const expectTold = (language: SocketLanguage, frame: unknown): string => {
  const { word, wire } = wordOf(language, frame);
  const schema = language.tells[word] ?? (word === 'ack' ? language.acknowledges : undefined);
  expect(schema, word).toBeDefined();
  expect([word, schema?.safeParse(wire).error]).toEqual([word, undefined]);
  return word;
};

/** Years of more than four digits, and calls that last for ever, are no matter of the document. */
const inOurTime = (event: ServerEvent): ServerEvent => ({
  ...event,
  at: SENT_AT,
  call: {
    ...event.call,
    acceptedAt: event.call.acceptedAt === null ? null : SENT_AT,
    endedAt: event.call.endedAt === null ? null : SENT_AT,
  },
});

/** Said of a transport rather than of a call. */
const CLOSING = 'connection:closing';

describe.each([
  ['onlycare', onlycare as Dialect<unknown>],
  ['chattrix', chattrix as Dialect<unknown>],
  ['otomo', otomo as Dialect<unknown>],
] as const)('%s', (name, dialect) => {
  const language: SocketLanguage = SOCKETS[name];
  const transcript = readTranscript(name);

  it('is spoken by clients as the document says, word by word', () => {
    for (const { says } of transcript.words) expectSaid(language, says);
    const words = new Set(transcript.words.map(({ says }) => wordOf(language, says).word));
    expect([...words].sort()).toEqual(Object.keys(language.says).sort());
  });

  it('tells clients what the document says, and each of these words occurs', () => {
    const told = Object.values(transcript.told).flatMap((lines) => lines.map(({ hears }) => hears));
    const refused = Object.values(transcript.refusals).map(({ frame }) => frame);
    const answered = language.transport === 'websocket' ? transcript.answers.map(({ answer }) => answer) : [];
    const frames = [...told, ...refused, ...answered].filter((frame) => frame !== null);
    const words = new Set(frames.map((frame) => expectTold(language, frame)));
    words.delete('ack');
    const documented = Object.keys(language.tells).filter((word) => word !== CLOSING);
    expect([...words].sort()).toEqual(documented.sort());
  });

  it('tells nothing else, whatever happens', () => {
    fc.assert(
      fc.property(someEvent, someViewer, (event, viewer) => {
        const telling = tellingFor(inOurTime(event), viewer);
        if (telling !== null) expectTold(language, dialect.encode(telling));
      }),
      { numRuns: 300 },
    );
  });

  it('acknowledges as the document says', () => {
    const acknowledgements = Object.values(transcript.refusals).map(({ answer }) => answer);
    for (const answer of acknowledgements) expect(language.acknowledges.safeParse(answer).error).toBeUndefined();
    expect(language.acknowledges.safeParse({ ok: true, surprise: 1 }).success).toBe(false);
  });
});

describe('otsy', () => {
  const language: SocketLanguage = SOCKETS.otsy;
  const at = SENT_AT;
  const [chatId, userId, orderId] = [aMessage().chatId, USER, 'order-1'];
  const TOLD: readonly ChatTelling[] = [
    { type: 'connected', userId, role: null, at, unread: [{ chatId, unreadCount: 2 }] },
    { type: 'history', chatId, messages: [aMessage({ metadata: { a: [1] } })] },
    { type: 'joined', chatId, userId, at },
    { type: 'left', chatId, userId, at },
    { type: 'typing', chatId, userId, isTyping: true },
    aChatEvent({ type: 'message_sent', message: aMessage(), senderSessionId: null }),
    aChatEvent({ type: 'messages_read', chatId, messageIds: [MESSAGE], readBy: userId, readAt: at }),
    aChatEvent({ type: 'member_removed', chatId, userId }),
    aChatEvent({ type: 'order_updated', orderId, update: { status: 'packed' } }),
    aChatEvent({ type: 'receipt_shared', orderId, receiptUrl: 'https://example.com/receipt' }),
    aChatEvent({ type: 'custom', name: 'custom:tip', data: { percent: 10 } }),
    aChatEvent({ type: 'partner_online', userId }),
    aChatEvent({ type: 'partner_offline', userId }),
  ];

  it('is spoken by clients in the words of the document', () => {
    expect(Object.keys(language.says).sort()).toEqual([...OTSY_WORDS.keys()].sort());
    const said = [
      { event: 'join_chat', body: { chat_id: CHAT } },
      { event: 'send_message', body: { chat_id: CHAT, message: { content: 'Hello!' }, requestId: 'r-1' } },
      { event: 'typing_indicator', body: { chat_id: CHAT, action: 'stop' } },
      { event: 'mark_messages_read', body: { chat_id: CHAT, message_ids: [MESSAGE] } },
    ];
    for (const frame of said) {
      expectSaid(language, frame);
      expect(otsy.decode(frame)).toHaveProperty('ask');
    }
  });

  it('tells clients what the document says, and each of these words occurs', () => {
    const custom = (word: string): string => (word.startsWith('custom:') ? 'custom:{name}' : word);
    const frames = [...TOLD.map((telling) => otsy.encode(telling, USER)), otsy.closing('going_away', 700)];
    const refusals = ErrorCode.options.map((code) => otsy.answer({ ok: false, error: refusal(code) }, USER, false));
    const errors = refusals.map((answer) => (answer !== null && 'frame' in answer ? answer.frame : null));
    const words = [...frames, ...errors].map((frame) => expectTold(language, { ...frame, event: custom(frame?.event ?? '') }));
    expect([...new Set(words)].sort()).toEqual(Object.keys(language.tells).sort());
  });

  it('acknowledges as the document says', () => {
    const answers: readonly ChatAnswer[] = [
      { ok: true, done: 'message', message: aMessage() },
      { ok: true, done: 'read', messageIds: [MESSAGE as MessageId], readAt: at },
      { ok: true, done: 'nothing to tell' },
      { ok: false, error: { ...refusal('parse_error'), field: 'chatId' } },
    ];
    for (const each of answers) {
      const answer = otsy.answer(each, USER, true);
      expect(answer).toHaveProperty('acknowledgement');
      if (answer !== null && 'acknowledgement' in answer) expect(language.acknowledges.parse(answer.acknowledgement)).toBeTruthy();
    }
  });
});

it('what closes a Socket.IO connection is said as the document says', () => {
  expectTold(SOCKETS.onlycare, onlycare.closing('flooding', 700));
});
