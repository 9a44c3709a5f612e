import { Actor, ChatId, type ChatReply, UserId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { aMessage, CHAT, SENT_AT, SHOPPER, USER } from '../../test/chat-event.ts';
import { ChatActions } from './chat-actions.ts';
import type { ChatDeliverer } from './chat-deliverer.ts';
import { ChatMembers } from './chat-members.ts';
import { ChatSeats } from './chat-seats.ts';

const chatId = ChatId.parse(CHAT);
const EVE = UserId.parse('eve');
const ACTOR = Actor.parse({ userId: USER, name: null, avatar: null, role: null, deviceId: null, sessionId: 'ana-s1' });

const chatOf = (...members: UserId[]): ChatReply => ({ ok: true, result: { type: 'chat', chatId, members, messages: [aMessage()] } });

it('after a break in which a member was removed and another let in, the leaving is told to those who are members now', async () => {
  const told: string[] = [];
  const replies: ChatReply[] = [chatOf(USER, SHOPPER), chatOf(USER, EVE), { ok: true, result: { type: 'left', chatId } }];
  const seats = new ChatSeats({
    userId: USER,
    socket: {
      enter: async () => undefined,
      leave: () => undefined,
      tell: (room, { event }) => void told.push(`${room.split(':').at(-1)} ${event}`),
    },
    now: () => SENT_AT,
  });
  const actions = new ChatActions({
    actor: ACTOR,
    sendCommand: async () => replies.shift() ?? expect.unreachable(),
    members: new ChatMembers(),
    seats,
    deliverer: () => ({ welcome: () => undefined }) as unknown as ChatDeliverer,
    refreshToken: () => expect.unreachable(),
    isOver: () => false,
  });
  await actions.act({ type: 'join_chat', chatId }, null);
  await actions.read(chatId);
  await actions.act({ type: 'leave_chat', chatId }, null);
  expect(told).toEqual(['ben user_joined', 'eve user_left']);
});
