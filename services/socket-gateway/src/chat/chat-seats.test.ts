import { ChatId, UserId } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { CHAT, SENT_AT, SHOPPER, USER } from '../../test/chat-event.ts';
import { ChatSeats } from './chat-seats.ts';

const chatId = ChatId.parse(CHAT);
const EVE = UserId.parse('eve');

/** The seat of Ana in a chat with Ben, and who was told what. */
const sit = async () => {
  const told: string[] = [];
  const rooms = new Set<string>();
  const seats = new ChatSeats({
    userId: USER,
    socket: {
      enter: async (room) => void rooms.add(room),
      leave: (room) => void rooms.delete(room),
      tell: (room, { event }) => void told.push(`${room.split(':').at(-1)} ${event}`),
    },
    now: () => SENT_AT,
  });
  await seats.take(chatId, [USER, SHOPPER]);
  return { seats, rooms, told };
};

it('who became a member later and joined is told of the leaving', async () => {
  const { seats, told } = await sit();
  seats.meet({ chatId, userId: EVE });
  seats.meet({ chatId, userId: EVE });
  seats.leave(chatId);
  expect(told).toEqual(['ben user_left', 'eve user_left']);
});

it('so is who joined before it was typed for those who were members a moment ago', async () => {
  const { seats, told } = await sit();
  seats.meet({ chatId, userId: EVE });
  seats.type(chatId, true, [USER, SHOPPER]);
  seats.leaveAll();
  expect(told).toContain('eve user_left');
});

it('who is no member any more is told nothing, and who is one again is', async () => {
  const { seats, told } = await sit();
  seats.meet({ chatId, userId: EVE });
  for (const removed of [EVE, SHOPPER]) seats.dismiss(chatId, removed);
  seats.meet({ chatId, userId: SHOPPER });
  seats.leave(chatId);
  expect(told).toEqual(['ben user_left']);
});

it('what is read of the members counts from then on', async () => {
  const { seats, told } = await sit();
  seats.learn(chatId, [USER, EVE]);
  seats.leave(chatId);
  expect(told).toEqual(['eve user_left']);
});

it('there is room for two hundred of them, and for who has one', async () => {
  const { seats } = await sit();
  const idOf = (index: number): ChatId => ChatId.parse(`${CHAT.slice(0, -3)}${String(index).padStart(3, '0')}`);
  for (let index = 1; index <= 199; index += 1) {
    expect(seats.hasRoomFor(idOf(index))).toBe(true);
    await seats.take(idOf(index), [USER]);
  }
  expect([seats.hasRoomFor(idOf(200)), seats.hasRoomFor(chatId)]).toEqual([false, true]);
});

it('who is removed leaves without a word', async () => {
  const { seats, rooms, told } = await sit();
  seats.dismiss(chatId, USER);
  expect([seats.has(chatId), [...rooms], told]).toEqual([false, [], []]);
});

it('a chat that was left or given up is not joined by what is heard of it', async () => {
  const { seats, told } = await sit();
  seats.giveUp(chatId);
  seats.meet({ chatId, userId: EVE });
  seats.learn(chatId, [USER, EVE]);
  seats.dismiss(chatId, SHOPPER);
  seats.leaveAll();
  expect([seats.has(chatId), told]).toEqual([false, []]);
});
