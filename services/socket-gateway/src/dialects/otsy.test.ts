import { ChatCommand, ErrorCode, RequestId, refusal } from '@trunkline/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aChatEvent, aMessage, CHAT, MESSAGE, SENT_AT, SHOPPER, USER } from '../../test/chat-event.ts';
import { type ChatAnswer, type ChatTelling, otsy } from './otsy.ts';
import { OTSY_WORDS, readFields } from './otsy-words.ts';

const says = (event: string | null, body: unknown) => otsy.decode({ event, body });

const text = { type: 'send_message', chatId: CHAT, content: 'Hello!', messageType: 'text' };

describe('what a client says', () => {
  const WORDS: [string, unknown, object][] = [
    ['join_chat', { chat_id: CHAT }, { type: 'join_chat', chatId: CHAT }],
    ['join_chat', { chatId: CHAT.toUpperCase(), token: null }, { type: 'join_chat', chatId: CHAT }],
    ['leave_chat', { chat_id: CHAT }, { type: 'leave_chat', chatId: CHAT }],
    ['send_message', { chatId: CHAT, message: { content: 'Hello!', type: 'text' } }, text],
    ['send_message', { chat_id: CHAT, message: { content: 'Hello!' } }, text],
    ['send_message', { chat_id: CHAT, content: 'Hello!', type: 'text', attachment_url: null }, text],
    [
      'send_message',
      { chat_id: CHAT, type: 'image', attachment_url: 'https://example.com/image.jpg', attachment_type: 'image/jpeg' },
      {
        ...text,
        content: '',
        messageType: 'image',
        attachmentUrl: 'https://example.com/image.jpg',
        attachmentType: 'image/jpeg',
      },
    ],
    [
      'send_message',
      { chatId: CHAT, clientMessageId: 'c-1', message: { content: 'Hello!', metadata: { custom_field: 'value' } } },
      { ...text, clientMessageId: 'c-1', metadata: { custom_field: 'value' } },
    ],
    ['typing_indicator', { chat_id: CHAT, action: 'start' }, { type: 'set_typing', chatId: CHAT, isTyping: true }],
    ['typing_indicator', { chatId: CHAT, action: 'stop' }, { type: 'set_typing', chatId: CHAT, isTyping: false }],
    ['mark_messages_read', { chatId: CHAT, messageIds: [MESSAGE] }, { type: 'mark_read', chatId: CHAT, messageIds: [MESSAGE] }],
    ['mark_messages_read', { chat_id: CHAT, message_ids: [MESSAGE] }, { type: 'mark_read', chatId: CHAT, messageIds: [MESSAGE] }],
    ['auth:refresh', { token: 'a.b.c' }, { type: 'refresh_token', token: 'a.b.c' }],
  ];

  it.each(WORDS)('%s %j', (event, body, ask) => {
    expect(says(event, body)).toMatchObject({ requestId: null, ask });
  });

  it('has no word that is not tried above', () => {
    expect([...new Set(WORDS.map(([event]) => event))].sort()).toEqual([...OTSY_WORDS.keys()].sort());
  });

  it('may have a name of its own', () => {
    expect(says('join_chat', { chat_id: CHAT, requestId: 'r-1' })).toHaveProperty('requestId', 'r-1');
    expect(says('join_chat', { chat_id: CHAT, requestId: 7 })).toMatchObject({ requestId: null, refused: { field: 'requestId' } });
  });

  const message = (changes: object) => ({ chatId: CHAT, message: { content: 'Hello!', type: 'text', ...changes } });
  it.each<[string, unknown, string]>([
    ['join_chat', {}, 'chat_id'],
    ['leave_chat', { chatId: 7 }, 'chatId'],
    ['leave_chat', { chatId: 7, chat_id: null }, 'chatId'],
    ['send_message', { message: { content: 'Hello!' } }, 'chat_id'],
    ['send_message', { chatId: CHAT, message: 'Hello!' }, 'message'],
    ['send_message', { chatId: CHAT }, 'content'],
    ['send_message', message({ content: '' }), 'content'],
    ['send_message', message({ content: ' \n' }), 'content'],
    ['send_message', message({ content: 5 }), 'content'],
    ['send_message', message({ content: 'a\0b' }), 'content'],
    ['send_message', message({ content: 'x'.repeat(10_001) }), 'content'],
    ['send_message', message({ type: 'video' }), 'type'],
    ['send_message', message({ type: 'system' }), 'type'],
    ['send_message', message({ attachment_url: 'javascript:alert(1)' }), 'attachment_url'],
    ['send_message', message({ attachmentUrl: 'http://example.com/a.png' }), 'attachmentUrl'],
    ['send_message', message({ attachment_type: 7 }), 'attachment_type'],
    ['send_message', message({ metadata: 'text' }), 'metadata'],
    ['send_message', message({ metadata: { text: 'x'.repeat(9000) } }), 'metadata'],
    ['send_message', message({ client_message_id: '' }), 'client_message_id'],
    ['send_message', message({ clientMessageId: '' }), 'clientMessageId'],
    ['send_message', { chatId: CHAT, clientMessageId: 'c-1', message: { content: 'Hello!', client_message_id: '' } }, 'client_message_id'],
    ['typing_indicator', { chat_id: CHAT }, 'action'],
    ['typing_indicator', { chat_id: CHAT, action: 'pause' }, 'action'],
    ['mark_messages_read', { chat_id: CHAT }, 'message_ids'],
    ['mark_messages_read', { chat_id: CHAT, message_ids: [] }, 'message_ids'],
    ['mark_messages_read', { chatId: CHAT, messageIds: ['x'] }, 'messageIds'],
    ['mark_messages_read', { chat_id: CHAT, message_ids: [MESSAGE, 'msg-2'] }, 'message_ids'],
    ['auth:refresh', {}, 'token'],
    ['join_chat', { chat_id: CHAT, request_id: 7 }, 'request_id'],
    ['join_chat', { chat_id: CHAT, requestId: '' }, 'requestId'],
  ])('%s %j is refused by the name of its field', (event, body, field) => {
    expect(says(event, body)).toMatchObject({
      refused: { code: 'parse_error', field, message: expect.stringMatching(new RegExp(`^${field}: `)) },
    });
  });

  it.each<[string, unknown, string]>([
    ['join_chat', { chat_id: 'chat-uuid' }, 'chat_id'],
    ['join_chat', { chatId: 'zz', message: { chat_id: CHAT } }, 'chatId'],
    ['leave_chat', { chatId: CHAT, chat_id: 'zz' }, 'chat_id'],
    ['send_message', { chatId: 'zz', message: { content: 'Hello!' } }, 'chatId'],
    ['typing_indicator', { chat_id: 'zz', action: 'start' }, 'chat_id'],
    ['mark_messages_read', { chatId: 'zz', messageIds: [MESSAGE] }, 'chatId'],
  ])('%s %j names a chat that there cannot be, as over REST', (event, body, field) => {
    expect(says(event, body)).toMatchObject({ refused: { code: 'chat_not_found', field } });
  });

  it.each<[string | null, unknown, string]>([
    [null, undefined, 'malformed'],
    ['toString', {}, 'There is no event "toString"'],
    ['join_chat', undefined, 'must be an object'],
    ['join_chat', [CHAT], 'must be an object'],
  ])('%s %j is refused', (event, body, why) => {
    expect(says(event, body)).toMatchObject({ refused: { code: 'parse_error', message: expect.stringContaining(why) } });
  });

  it('is something to do or refused, whatever it is', () => {
    const likely = fc.record(
      {
        chat_id: fc.oneof(fc.constant(CHAT), fc.string()),
        chatId: fc.oneof(fc.constant(CHAT), fc.anything()),
        message: fc.oneof(fc.anything(), fc.record({ content: fc.string({ unit: 'binary' }), type: fc.constantFrom('text', 'audio', '') })),
        message_ids: fc.oneof(fc.anything(), fc.constant([MESSAGE])),
        action: fc.constantFrom('start', 'stop', 'x'),
        content: fc.string({ unit: 'binary' }),
        // JSON has -0, and no text of ours keeps it.
        metadata: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
        requestId: fc.oneof(fc.string(), fc.anything()),
        token: fc.string(),
      },
      { requiredKeys: [] },
    );
    const word = fc.oneof(fc.constantFrom(...OTSY_WORDS.keys()), fc.string());
    fc.assert(
      fc.property(word, fc.oneof(likely, fc.anything()), (event, body) => {
        const decoded = says(event, body);
        if ('refused' in decoded) expect(['parse_error', 'chat_not_found']).toContain(decoded.refused.code);
        else if (decoded.ask.type === 'send_message' || decoded.ask.type === 'mark_read')
          expect(ChatCommand.parse(JSON.parse(JSON.stringify(decoded.ask)))).toEqual(decoded.ask);
      }),
      { numRuns: 1000 },
    );
  });
});

const aView = {
  id: MESSAGE,
  chat_id: CHAT,
  sender_id: 'ana',
  sender_role: 'user',
  content: 'Hello!',
  type: 'text',
  attachment_url: null,
  attachment_type: null,
  metadata: null,
  client_message_id: null,
  created_at: '2024-01-01T12:00:00.000Z',
  read_at: null,
};
const NOON = '2024-01-01T12:00:00.000Z';

describe('what a client is told', () => {
  const chatId = aMessage().chatId;
  const TELLINGS: [ChatTelling, string, object][] = [
    [{ type: 'connected', userId: USER, role: 'user', at: SENT_AT }, 'connected', { userId: 'ana', role: 'user', timestamp: NOON }],
    [{ type: 'unread', chats: [{ chatId, unreadCount: 2 }] }, 'unread_counts', { chats: [{ chat_id: CHAT, unread_count: 2 }] }],
    [{ type: 'history', chatId, messages: [aMessage()] }, 'chat_history', { chat_id: CHAT, messages: [aView] }],
    [{ type: 'joined', chatId, userId: USER, at: SENT_AT }, 'user_joined', { chatId: CHAT, userId: 'ana', timestamp: NOON }],
    [{ type: 'left', chatId, userId: USER, at: SENT_AT }, 'user_left', { chatId: CHAT, userId: 'ana', timestamp: NOON }],
    [aChatEvent({ type: 'member_removed', chatId, userId: USER }), 'user_left', { chatId: CHAT, userId: 'ana', timestamp: NOON }],
    [{ type: 'typing', chatId, userId: USER, isTyping: true }, 'typing_indicator', { chatId: CHAT, userId: 'ana', action: 'start' }],
    [{ type: 'typing', chatId, userId: USER, isTyping: false }, 'typing_indicator', { chatId: CHAT, userId: 'ana', action: 'stop' }],
    [aChatEvent({ type: 'message_sent', message: aMessage(), senderSessionId: null }), 'new_message', aView],
    [
      aChatEvent({ type: 'messages_read', chatId, messageIds: [MESSAGE], readBy: SHOPPER, readAt: SENT_AT }),
      'messages_read',
      { chatId: CHAT, messageIds: [MESSAGE], readBy: 'ben', readAt: NOON },
    ],
    [
      aChatEvent({ type: 'order_updated', orderId: 'o-1', update: { status: 'shopping' } }),
      'order_update',
      { orderId: 'o-1', update: { status: 'shopping' } },
    ],
    [
      aChatEvent({ type: 'receipt_shared', orderId: 'o-1', receiptUrl: 'https://example.com/r.pdf' }),
      'receipt_shared',
      { orderId: 'o-1', receiptUrl: 'https://example.com/r.pdf' },
    ],
    [aChatEvent({ type: 'custom', name: 'custom:bonus', data: { points: 5 } }), 'custom:bonus', { points: 5 }],
    [aChatEvent({ type: 'partner_online', userId: SHOPPER }), 'user_online', { userId: 'ben', timestamp: NOON }],
    [aChatEvent({ type: 'partner_offline', userId: SHOPPER }), 'user_offline', { userId: 'ben', timestamp: NOON }],
  ];

  it.each(TELLINGS)('$type', (telling, event, body) => {
    // The text, so that the order of the fields counts too.
    expect(JSON.stringify(otsy.encode(telling, SHOPPER))).toBe(JSON.stringify({ event, body }));
  });

  it('of a missed call reads differently on each side', () => {
    const metadata = {
      kind: 'call',
      outcome: 'missed',
      callId: 'C-1',
      callType: 'AUDIO',
      callerId: USER,
      calleeId: SHOPPER,
      durationSeconds: null,
    };
    const telling = aChatEvent({ type: 'message_sent', message: aMessage({ type: 'system', metadata }), senderSessionId: null });
    expect(otsy.encode(telling, USER).body).toHaveProperty('content', 'No answer to your voice call');
    expect(otsy.encode(telling, SHOPPER).body).toHaveProperty('content', 'Missed voice call');
  });
});

describe('what a client is answered', () => {
  const ANSWERS: [ChatAnswer, object][] = [
    [{ ok: true, done: 'nothing to tell' }, { ok: true }],
    [
      { ok: true, done: 'message', message: aMessage() },
      { ok: true, message: aView },
    ],
    [
      { ok: true, done: 'read', messageIds: [aMessage().id], readAt: SENT_AT },
      { ok: true, message_ids: [MESSAGE], read_at: NOON },
    ],
  ];

  it.each(ANSWERS)('%j', (given, acknowledgement) => {
    expect(otsy.answer(given, USER, true)).toEqual({ acknowledgement });
    expect(otsy.answer(given, USER, false)).toBeNull();
  });

  it.each(ErrorCode.options)('%s', (code) => {
    const { message } = refusal(code);
    const refused: ChatAnswer = { ok: false, error: refusal(code) };
    expect(otsy.answer(refused, USER, true)).toEqual({ acknowledgement: { ok: false, error: { code, message } } });
    expect(otsy.answer(refused, USER, false)).toEqual({ frame: { event: 'error', body: { code, message } } });
  });

  it.each<[string, object, string]>([
    ['chat_id', { chatId: CHAT }, 'chatId'],
    ['chat_id', { chat_id: CHAT }, 'chat_id'],
    ['message_ids', { chatId: CHAT, messageIds: [MESSAGE] }, 'messageIds'],
    ['request_id', { chatId: CHAT, requestId: 'r-1' }, 'requestId'],
    ['client_message_id', { message: { clientMessageId: 'c-1' } }, 'clientMessageId'],
    ['messageIds', {}, 'message_ids'],
    ['token', {}, 'token'],
  ])('names %s, which was wrong in %j, as the client does', (field, body, spelled) => {
    const refused: ChatAnswer = { ok: false, error: { ...refusal('conflict'), field } };
    const { spelling } = readFields('send_message', body) as NonNullable<ReturnType<typeof readFields>>;
    const error = expect.objectContaining({ field: spelled });
    expect(otsy.answer(otsy.asSpelled(refused, spelling), USER, true)).toEqual({ acknowledgement: { ok: false, error } });
    expect(otsy.answer(otsy.asSpelled(refused, spelling), USER, false)).toEqual({ frame: { event: 'error', body: error } });
  });
});

it('a request id is kept as it is', () => {
  expect(says('join_chat', { chatId: CHAT, request_id: 'r-2' }).requestId).toBe(RequestId.parse('r-2'));
});
