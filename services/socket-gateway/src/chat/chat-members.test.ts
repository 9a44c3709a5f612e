import { ChatId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { CHAT, SHOPPER, USER } from '../../test/chat-event.ts';
import { ChatMembers } from './chat-members.ts';

const chat = ChatId.parse(CHAT);

it('members count for five seconds after they were learnt', () => {
  const members = new ChatMembers();
  expect(members.fresh(chat, 0)).toBeNull();
  members.learn(chat, [USER, SHOPPER], 1000);
  expect([members.fresh(chat, 5999), members.fresh(chat, 6000)]).toEqual([[USER, SHOPPER], null]);
});

it('members that are forgotten are asked for anew', () => {
  const members = new ChatMembers();
  members.learn(chat, [USER], 0);
  members.forget(chat);
  expect(members.fresh(chat, 0)).toBeNull();
});
