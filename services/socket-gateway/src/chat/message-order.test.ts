import { ChatId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { CHAT, OTHER_CHAT } from '../../test/chat-event.ts';
import { MessageOrder } from './message-order.ts';

const chat = ChatId.parse(CHAT);
const other = ChatId.parse(OTHER_CHAT);

it('a chat that nothing was told of begins with whatever comes, and goes on from there', () => {
  const order = new MessageOrder();
  expect([order.judge(chat, 41), order.lastTold(chat)]).toEqual(['next', null]);
  order.note(chat, 41);
  expect([40, 41, 42, 43].map((seq) => order.judge(chat, seq))).toEqual(['seen', 'seen', 'next', 'gap']);
  expect(order.judge(other, 7)).toBe('next');
});

it('an empty chat goes on with its first message', () => {
  const order = new MessageOrder();
  order.note(chat, 0);
  expect([1, 2].map((seq) => order.judge(chat, seq))).toEqual(['next', 'gap']);
});

it('what was told stays told, whatever is noted after it', () => {
  const order = new MessageOrder();
  order.note(chat, 9);
  order.note(chat, 5);
  expect(order.lastTold(chat)).toBe(9);
});

it('a chat that is forgotten begins anew', () => {
  const order = new MessageOrder();
  order.note(chat, 9);
  order.forget(chat);
  expect([order.judge(chat, 3), order.chats()]).toEqual(['next', []]);
});

it('remembers a bounded number of chats, those that were told of last', () => {
  const order = new MessageOrder();
  const ids = Array.from({ length: 300 }, (_, index) => ChatId.parse(`018f9e60-0000-7000-8000-${String(index).padStart(12, '0')}`));
  for (const id of ids) order.note(id, 1);
  expect(order.chats()).toEqual(ids.slice(44));
});
