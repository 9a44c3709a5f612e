import { type ChatNews, refusal } from '@trunkline/contract';
import { describe, expect, it } from 'vitest';
import { connectBen, namesOf, readChat, turn } from '../../test/chat-connection.ts';
import { aMessage, CHAT, OTHER_CHAT, SENT_AT, sent } from '../../test/chat-event.ts';
import type { EventFrame } from '../dialects/dialect.ts';

const news = (afterSeq: number, lastSeq: number): ChatNews[] => [{ chatId: aMessage().chatId, afterSeq, lastSeq }];
const numbersTold = (frames: readonly EventFrame[]): unknown[] =>
  frames.filter(({ event }) => event === 'new_message').map(({ body }) => Number((body as { id: string }).id.slice(-12)));

/** Ben, in a chat of one message. */
const joinBen = async (): Promise<ReturnType<typeof connectBen>> => {
  const ben = connectBen();
  await ben.open();
  ben.ask('join_chat', { chat_id: CHAT });
  await turn();
  await ben.reply(ben.chat(1));
  return ben;
};

/** His bus had a gap, and call-service has taken his session anew. */
const endGap = async ({ connection, opened }: ReturnType<typeof connectBen>): Promise<void> => {
  connection.refresh();
  await turn();
  opened.shift()?.({ events: [], refused: false });
  await turn();
};

it('after a gap the session is reported anew, and what it missed of a chat is told', async () => {
  const ben = await joinBen();
  const { seen, reply, chat } = ben;
  await endGap(ben);
  await reply(chat(2));
  expect(namesOf(seen.frames)).toEqual(['connected', 'chat_history', 'new_message']);
});

describe('after a gap, a chat of which nothing was told', () => {
  it('is asked for since before the session began, and what it missed is told', async () => {
    const { connection, seen, open, admit, reply } = connectBen();
    await open();
    connection.refresh();
    await turn();
    expect(seen.since).toEqual([expect.any(Number), seen.since[0]]);
    expect(SENT_AT - (seen.since[0] as number)).toBeGreaterThan(1000);
    expect(SENT_AT - (seen.since[0] as number)).toBeLessThan(20_000);
    await admit(news(6, 7));
    await reply(readChat(6, 7));
    expect(numbersTold(seen.frames)).toEqual([7]);
  });

  it('has its next message told behind what is missing, also where that comes first', async () => {
    const { connection, seen, open, admit, reply } = connectBen();
    await open();
    connection.refresh();
    seen.hear(sent(8));
    await turn();
    seen.hear(sent(9));
    expect(numbersTold(seen.frames)).toEqual([]);
    await admit(news(6, 9));
    await reply(readChat(6, 7, 8, 9));
    expect(numbersTold(seen.frames)).toEqual([7, 8, 9]);
  });

  it('is asked for at once when it is heard of before the gap has ended', async () => {
    const { seen, opened, open, admit, reply } = connectBen();
    await open();
    seen.isHearing = false;
    seen.hear(sent(8));
    await turn();
    expect([numbersTold(seen.frames), opened.length]).toEqual([[], 1]);
    await admit(news(6, 8));
    await reply(readChat(6, 7, 8));
    seen.hear(sent(9));
    expect([numbersTold(seen.frames), opened.length]).toEqual([[7, 8, 9], 0]);
  });

  it('is not told what was said before the session opened', async () => {
    const { connection, seen, commands, open, admit, reply } = connectBen();
    await open(news(4, 6));
    connection.refresh();
    await turn();
    await admit(news(4, 6));
    expect([commands, numbersTold(seen.frames)]).toEqual([[], []]);
    connection.refresh();
    await turn();
    await admit(news(4, 7));
    await reply(readChat(5, 6, 7));
    expect(numbersTold(seen.frames)).toEqual([7]);
  });

  it('is asked for since later where what was told before is forgotten, of many chats', async () => {
    const { connection, seen, open } = connectBen();
    await open();
    for (let chat = 0; chat < 300; chat += 1) seen.hear(sent(1, `018f9e60-0000-7000-8000-${String(chat).padStart(12, '0')}`));
    connection.refresh();
    await turn();
    expect(seen.since[1]).toBe(SENT_AT);
  });

  it('begins with what is heard where a call-service says nothing of it, as an older one does', async () => {
    const { connection, seen, opened, open } = connectBen();
    await open();
    connection.refresh();
    await turn();
    seen.hear(sent(8));
    opened.shift()?.({ events: [], refused: false });
    await turn();
    expect(numbersTold(seen.frames)).toEqual([8]);
  });

  it('waits for as long as no call-service answers', async () => {
    const { connection, seen, opened, open, admit } = connectBen();
    await open();
    connection.refresh();
    await turn();
    opened.shift()?.('busy');
    await turn();
    seen.hear(sent(8));
    expect(numbersTold(seen.frames)).toEqual([]);
    connection.catchUp();
    await turn();
    await admit();
    expect(numbersTold(seen.frames)).toEqual([8]);
  });
});

it('a refresh that is wanted while one ends is made', async () => {
  const { connection, seen, commands, admit, reply, chat } = await joinBen();
  connection.refresh();
  await turn();
  await admit();
  await reply({ ok: false, error: refusal('service_error') });
  expect(commands.map(({ command }) => command.type)).toEqual(['open_chat']);
  connection.refresh();
  await reply(chat(1));
  expect(seen.since).toHaveLength(3);
});

it('after a gap a chat that it joined has its seat taken anew, and one that it only heard of has not', async () => {
  const ben = await joinBen();
  const { seen, commands, reply, chat } = ben;
  seen.hear(sent(1, OTHER_CHAT));
  await endGap(ben);
  expect(commands[0]?.command).toEqual({ type: 'open_chat', chatId: CHAT, takesSeat: true });
  await reply(chat(1));
  expect(commands[0]?.command).toEqual({ type: 'open_chat', chatId: OTHER_CHAT, takesSeat: false });
});

it('a chat that is left while its seat is taken anew is left for good', async () => {
  const ben = await joinBen();
  const { seen, commands, ask, reply, chat } = ben;
  await endGap(ben);
  ask('leave_chat', { chat_id: CHAT });
  await turn();
  expect(commands.map(({ command }) => command.type)).toEqual(['open_chat', 'leave_chat']);
  await reply(chat(1));
  // The first may have come before the opening.
  expect(commands.map(({ command }) => command)).toEqual([
    { type: 'leave_chat', chatId: CHAT },
    { type: 'leave_chat', chatId: CHAT },
  ]);
  expect([...seen.rooms]).toEqual([]);
});
