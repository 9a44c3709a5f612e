import { CallId, type CommandReply, SessionId } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { afterEach, expect, it, vi } from 'vitest';
import { aCall, BEN } from '../test/call-event.ts';
import type { CallServiceClient } from './call-service-client.ts';
import { createCommandSender, type OutgoingCommand } from './command-sender.ts';

afterEach(() => vi.useRealTimers());

const commandOn = (callId: string): OutgoingCommand => ({
  commandId: callId,
  actor: { userId: BEN, name: null, avatar: null, role: null, deviceId: null, sessionId: SessionId.parse('ben-s1') },
  command: { type: 'accept_call', callId: CallId.parse(callId) },
  mintedCallId: null,
  requestId: null,
  wantsAnswer: true,
  dialect: 'onlycare',
});

const callIdIn = (reply: CommandReply): string => (reply.ok ? reply.call.id : reply.error.code);

/** A call-service that says of each command which call it was about. */
const createClient = () => {
  const bodies: string[][] = [];
  const client: CallServiceClient = {
    post: async ({ bodyFor, schema }) => {
      const { commands } = bodyFor(1, 1000) as { commands: { commandId: string }[] };
      bodies.push(commands.map(({ commandId }) => commandId));
      const replies = commands.map(({ commandId }) => ({ ok: true, call: aCall({ id: CallId.parse(commandId) }) }));
      return { value: schema.parse({ replies }), sentAt: 0, receivedAt: 0 };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { client, bodies };
};

const senderFor = (client: CallServiceClient, placesClient = client, placesAreScreened = () => false) =>
  createCommandSender({ client, placesClient, placesAreScreened, log: createLogger('test', 'silent'), hear: () => undefined });

it('a command that is no longer wanted when its turn comes is answered without being sent, and the others get their own answers', async () => {
  const { client, bodies } = createClient();
  const send = senderFor(client);
  const replies = await Promise.all(['a', 'b', 'c'].map((id) => send(commandOn(id), () => id !== 'b')));
  expect(replies.map(callIdIn)).toEqual(['a', 'service_error', 'c']);
  expect(bodies).toEqual([['a', 'c']]);
});

it('a place goes alone and by connections of its own while a hook is asked about places', async () => {
  const [{ client, bodies }, places] = [createClient(), createClient()];
  const place: OutgoingCommand = { ...commandOn('p'), command: { type: 'place_call', calleeId: BEN, callType: 'AUDIO' } };
  let isScreened = true;
  const send = senderFor(client, places.client, () => isScreened);
  const all = () => Promise.all([commandOn('a'), place, { ...place, commandId: 'q' }, commandOn('b')].map((command) => send(command)));
  expect((await all()).map(callIdIn)).toEqual(['a', 'p', 'q', 'b']);
  expect([bodies, places.bodies]).toEqual([[['a', 'b']], [['p'], ['q']]]);
  isScreened = false;
  await all();
  expect([bodies.length, bodies[1], places.bodies.length]).toEqual([2, ['a', 'p', 'q', 'b'], 2]);
});

it('no request is larger than call-service takes, however large the commands are', async () => {
  const sizes: number[] = [];
  const { client } = createClient();
  const post: CallServiceClient['post'] = async (request) => {
    sizes.push(Buffer.byteLength(JSON.stringify(request.bodyFor(1, 1000))));
    return client.post(request);
  };
  const send = senderFor({ ...client, post });
  const avatar = '\u0001'.repeat(2048);
  const signal = { type: 'offer', sdp: 'x'.repeat(16_000) } as const;
  const relayed = Array.from({ length: 512 }, (_, index): OutgoingCommand => {
    const { actor, ...plain } = commandOn(`call-${index}`);
    return { ...plain, actor: { ...actor, avatar }, command: { type: 'relay_signal', callId: CallId.parse(`call-${index}`), signal } };
  });
  const replies = await Promise.all(relayed.map((command) => send(command)));
  expect(replies.map(callIdIn)).toEqual(relayed.map(({ commandId }) => commandId));
  expect(Math.max(...sizes)).toBeLessThan(4 * 1024 * 1024);
  expect(sizes.length).toBeLessThan(16);
});

it('nothing is sent where nothing is wanted', async () => {
  const { client, bodies } = createClient();
  const send = senderFor(client);
  expect(callIdIn(await send(commandOn('a'), () => false))).toBe('service_error');
  expect(bodies).toEqual([]);
});

it('what waited for its turn behind requests that nobody answers is answered as soon as what was sent at once', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setImmediate'] });
  const posts: { budgetMs: number; fail(): void }[] = [];
  const client: CallServiceClient = {
    post: ({ budgetMs }) => new Promise((_resolve, reject) => posts.push({ budgetMs, fail: () => reject(new Error('nobody answers')) })),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const send = senderFor(client);
  const answers = [send(commandOn('a'))];
  await vi.advanceTimersByTimeAsync(100);
  answers.push(send(commandOn('b')));
  await vi.advanceTimersByTimeAsync(100);
  answers.push(send(commandOn('waits')));
  await vi.advanceTimersByTimeAsync(1800);
  posts[0]?.fail();
  await vi.advanceTimersByTimeAsync(100);
  expect(posts.map(({ budgetMs }) => Math.ceil(budgetMs / 100))).toEqual([28, 28, 10]);
  answers.push(send(commandOn('waits-too-long')));
  await vi.advanceTimersByTimeAsync(2900);
  posts[1]?.fail();
  await vi.advanceTimersByTimeAsync(100);
  expect(posts).toHaveLength(3);
  posts[2]?.fail();
  expect((await Promise.all(answers)).map(callIdIn)).toEqual(new Array(4).fill('service_error'));
});
