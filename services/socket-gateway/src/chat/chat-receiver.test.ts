import { ChatId, refusal } from '@trunkline/contract';
import { createMetrics } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { CHAT, MESSAGE, OTHER_CHAT } from '../../test/chat-event.ts';
import type { ChatAnswer } from '../dialects/otsy.ts';
import { GATEWAY_METRICS } from '../gateway-metrics.ts';
import { ChatReceiver } from './chat-receiver.ts';

const DONE: ChatAnswer = { ok: true, done: 'nothing to tell' };
const join = { event: 'join_chat', body: { chat_id: CHAT } };

/** A receiver whose asks the test answers. */
const createReceiver = (commandsPerSecond = 1000) => {
  const asks: { type: string; done(answer: ChatAnswer): void }[] = [];
  const answers: ChatAnswer[] = [];
  const closedFor: string[] = [];
  const metrics = createMetrics(GATEWAY_METRICS);
  const receiver = new ChatReceiver({
    commandsPerSecond,
    metrics: metrics.of,
    act: ({ type }) => new Promise((done) => asks.push({ type, done })),
    answer: (answer) => answers.push(answer),
    close: (reason) => closedFor.push(reason),
  });
  const counted = async (name: string): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(`trunkline_${name}`));
  return { receiver, asks, answers, closedFor, counted };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('what is asked is done one after another, and not before the release', async () => {
  const { receiver, asks, answers } = createReceiver();
  receiver.receive(join, null);
  receiver.receive({ event: 'leave_chat', body: { chat_id: CHAT } }, null);
  expect(asks).toEqual([]);
  receiver.release();
  await turn();
  expect(asks.map(({ type }) => type)).toEqual(['join_chat']);
  asks[0]?.done(DONE);
  await turn();
  expect([asks.map(({ type }) => type), answers]).toEqual([['join_chat', 'leave_chat'], [DONE]]);
  asks[1]?.done(DONE);
  await receiver.drained();
  expect(answers).toEqual([DONE, DONE]);
  receiver.receive(join, null);
  await turn();
  expect(asks).toHaveLength(3);
});

it('what is wrong is answered at once, whatever waits', () => {
  const { receiver, answers } = createReceiver();
  receiver.receive(join, null);
  receiver.receive({ event: 'join_chat', body: {} }, null);
  expect(answers).toMatchObject([{ ok: false, error: { code: 'parse_error', field: 'chat_id' } }]);
});

it('what call-service finds wrong is named as the client spells it', async () => {
  const { receiver, asks, answers } = createReceiver();
  receiver.release();
  for (const body of [{ chatId: CHAT }, { chat_id: CHAT }]) receiver.receive({ event: 'join_chat', body }, null);
  for (const index of [0, 1]) {
    asks[index]?.done({ ok: false, error: { ...refusal('unauthorized'), field: 'chat_id' } });
    await turn();
  }
  expect(answers).toMatchObject([{ error: { field: 'chatId' } }, { error: { field: 'chat_id' } }]);
});

it('more than can wait, and more than may come in a second, is refused', () => {
  const refused = { ok: false, error: expect.objectContaining({ code: 'rate_limited' }) };
  const waiting = createReceiver(70);
  for (let time = 0; time < 76; time += 1) waiting.receiver.receive(join, null);
  expect(waiting.answers).toEqual(Array(6).fill(refused));
  const wordy = createReceiver();
  const message = { event: 'send_message', body: { chat_id: CHAT, content: 'w'.repeat(10_000) } };
  for (let time = 0; time < 14; time += 1) wordy.receiver.receive(message, null);
  expect(wordy.answers).toEqual([refused]);
  const impatient = createReceiver();
  for (let time = 0; time < 14; time += 1) impatient.receiver.receive({ event: 'auth:refresh', body: { token: 't'.repeat(10_000) } }, null);
  expect(impatient.answers).toEqual([refused]);
  const hasty = createReceiver(2);
  for (let time = 0; time < 4; time += 1) hasty.receiver.receive(join, null);
  expect(hasty.answers.length).toBeGreaterThan(0);
  for (let time = 0; time < 20; time += 1) hasty.receiver.receive(join, null);
  expect(hasty.closedFor[0]).toBe('flooding');
});

it.each([
  { event: 'join_chat', isAwaited: true },
  { event: 'send_message', isAwaited: true },
  { event: 'mark_messages_read', isAwaited: true },
  { event: 'leave_chat', isAwaited: false },
])(
  'whether the answer to $event comes before what happens in its chat, while it is under way: $isAwaited',
  async ({ event, isAwaited }) => {
    const { receiver, asks } = createReceiver();
    const [chatId, other] = [ChatId.parse(CHAT), ChatId.parse(OTHER_CHAT)];
    receiver.release();
    expect(receiver.awaits(chatId)).toBe(false);
    receiver.receive({ event, body: { chat_id: CHAT, content: 'Hello!', message_ids: [MESSAGE] } }, null);
    await turn();
    expect([receiver.awaits(chatId), receiver.awaits(other)]).toEqual([isAwaited, false]);
    asks[0]?.done(DONE);
    await receiver.drained();
    expect(receiver.awaits(chatId)).toBe(false);
  },
);

it('what waits when no call-service answers is refused', () => {
  const { receiver, answers } = createReceiver();
  receiver.receive(join, null);
  receiver.refuseAll();
  expect(answers).toMatchObject([{ ok: false, error: { code: 'service_error' } }]);
});

it('what is asked is counted by what it is and what came of it, and what goes past a limit too', async () => {
  const { receiver, asks, counted } = createReceiver(2);
  receiver.release();
  receiver.receive(join, null);
  asks[0]?.done({ ok: false, error: refusal('chat_not_found') });
  await receiver.drained();
  receiver.receive({ event: 'typing_indicator', body: { chat_id: CHAT, action: 'start' } }, null);
  asks[1]?.done(DONE);
  await receiver.drained();
  receiver.receive({ event: 'no such word', body: {} }, null);
  expect(await counted('commands_total')).toEqual([
    'trunkline_commands_total{command="join_chat",dialect="otsy",outcome="chat_not_found"} 1',
    'trunkline_commands_total{command="set_typing",dialect="otsy",outcome="ok"} 1',
    'trunkline_commands_total{command="unreadable",dialect="otsy",outcome="rate_limited"} 1',
  ]);
  expect(await counted('command_seconds_count')).toEqual(['trunkline_command_seconds_count{command="join_chat"} 1']);
  expect(await counted('commands_over_limit_total')).toEqual([
    'trunkline_commands_over_limit_total{dialect="otsy",limit="soft"} 1',
    'trunkline_commands_over_limit_total{dialect="otsy",limit="hard"} 1',
  ]);
});
