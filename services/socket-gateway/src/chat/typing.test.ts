import { ChatId } from '@trunkline/contract';
import { expect, it, vi } from 'vitest';
import { CHAT, OTHER_CHAT } from '../../test/chat-event.ts';
import { TypingSaid } from './typing.ts';
import { type SeenTyping, TypingWatch } from './typing-watch.ts';

const chat = ChatId.parse(CHAT);

it('one start in two seconds is told, in each chat', () => {
  const said = new TypingSaid();
  expect([0, 500, 1999, 2000, 2001].map((now) => said.tells(chat, true, now))).toEqual([true, false, false, true, false]);
  expect(said.tells(ChatId.parse(OTHER_CHAT), true, 2001)).toBe(true);
});

it('a stop is told once, after a start that still counts', () => {
  const said = new TypingSaid();
  expect(said.tells(chat, false, 0)).toBe(false);
  said.tells(chat, true, 0);
  expect([said.tells(chat, false, 100), said.tells(chat, false, 200)]).toEqual([true, false]);
  said.tells(chat, true, 3000);
  expect(said.tells(chat, false, 9000)).toBe(false);
});

it('who stops and starts again is told so at once', () => {
  const said = new TypingSaid();
  expect([said.tells(chat, true, 0), said.tells(chat, false, 500), said.tells(chat, true, 1000)]).toEqual([true, true, true]);
});

it('starts that go on alternating with stops are told once in two seconds', () => {
  const said = new TypingSaid();
  const told = Array.from({ length: 200 }, (_, index) => said.tells(chat, index % 2 === 0, index * 100));
  expect(told.slice(0, 100).filter(Boolean).length).toBeLessThanOrEqual(2 * (3 + 5));
  expect(told.slice(100).filter(Boolean).length).toBeLessThanOrEqual(2 * 6);
});

it('what is forgotten has no stop', () => {
  const said = new TypingSaid();
  said.tells(chat, true, 0);
  said.forget(chat);
  expect(said.tells(chat, false, 1)).toBe(false);
});

it('whoever falls silent stops typing after six seconds, whoever goes on does not', () => {
  vi.useFakeTimers();
  try {
    const silent: SeenTyping[] = [];
    using watch = new TypingWatch((seen) => silent.push(seen));
    const [ana, ben] = ['ana', 'ben'].map((userId) => ({ chatId: CHAT, userId }) as const) as [SeenTyping, SeenTyping];
    watch.see(ana, true);
    watch.see(ben, true);
    vi.advanceTimersByTime(4000);
    watch.see(ben, true);
    vi.advanceTimersByTime(2000);
    expect(silent).toEqual([ana]);
    watch.see(ben, false);
    vi.advanceTimersByTime(60_000);
    expect(silent).toEqual([ana]);
  } finally {
    vi.useRealTimers();
  }
});

it('nobody is watched any more when the session is over', () => {
  vi.useFakeTimers();
  try {
    const watch = new TypingWatch(() => expect.unreachable('the session is over'));
    watch.see({ chatId: CHAT, userId: 'ana' }, true);
    watch[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
