import { ChatId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { CHAT, OTHER_CHAT, SENT_AT } from '../../test/chat-event.ts';
import { MessageOrder } from './message-order.ts';

const chat = ChatId.parse(CHAT);
const other = ChatId.parse(OTHER_CHAT);

it('a chat that nothing was told of begins with whatever comes, and goes on from there', () => {
  const order = new MessageOrder();
  expect([order.judge(chat, 41), order.lastTold(chat)]).toEqual(['next', null]);
  order.note(chat, 41, SENT_AT);
  expect([40, 41, 42, 43].map((seq) => order.judge(chat, seq))).toEqual(['seen', 'seen', 'next', 'gap']);
  expect(order.judge(other, 7)).toBe('next');
});

it('an empty chat goes on with its first message', () => {
  const order = new MessageOrder();
  order.note(chat, 0, 0);
  expect([1, 2].map((seq) => order.judge(chat, seq))).toEqual(['next', 'gap']);
});

it('what was told stays told, whatever is noted after it', () => {
  const order = new MessageOrder();
  order.note(chat, 9, SENT_AT);
  order.note(chat, 5, SENT_AT);
  expect(order.lastTold(chat)).toBe(9);
});

it('a chat that nothing was told of may begin where it is said to, and no other', () => {
  const order = new MessageOrder();
  order.begin(chat, 6);
  expect([6, 7, 8].map((seq) => order.judge(chat, seq))).toEqual(['seen', 'next', 'gap']);
  order.note(other, 3, SENT_AT);
  order.begin(other, 6);
  expect(order.lastTold(other)).toBe(3);
});

it('a chat that is forgotten begins anew', () => {
  const order = new MessageOrder();
  order.note(chat, 9, SENT_AT);
  order.forget(chat);
  expect([order.judge(chat, 3), order.chats()]).toEqual(['next', []]);
});

it('remembers a bounded number of chats, those that were told of last, and until when it told of the others', () => {
  const order = new MessageOrder();
  const ids = Array.from({ length: 300 }, (_, index) => ChatId.parse(`018f9e60-0000-7000-8000-${String(index).padStart(12, '0')}`));
  for (const [index, id] of ids.entries()) order.note(id, 1, SENT_AT + index);
  expect([order.chats(), order.forgottenUntil]).toEqual([ids.slice(44), SENT_AT + 43]);
});
