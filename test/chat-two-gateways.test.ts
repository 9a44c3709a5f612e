import { randomUUID } from 'node:crypto';
import { startRedis } from '@trunkline/backing-services';
import {
  backingUrls,
  connectOtsy,
  mintToken,
  type OtsyClient,
  type OtsyMessage,
  type RestClient,
  type System,
  startFaultProxy,
  until,
} from '@trunkline/testing';
import { expect, it } from 'vitest';
import { type ChatRoom, contentsOf, join, openRoom, say, startChatSystem } from './chat-room.ts';
import { startRemoteGateway } from './remote-gateway.ts';

const MANY = { LIMIT_COMMANDS_PER_SECOND: '10000' };

/** All messages of a chat, the oldest first, page by page as an app reads them. */
const wholeHistory = async (rest: RestClient, chatId: string): Promise<OtsyMessage[]> => {
  const newestFirst: OtsyMessage[] = [];
  for (;;) {
    const before = newestFirst.at(-1)?.id;
    const { status, body } = await rest.get(`/v1/chat/${chatId}/messages?limit=100${before === undefined ? '' : `&before=${before}`}`);
    expect(status).toBe(200);
    if (body.messages.length === 0) return newestFirst.reverse();
    newestFirst.push(...body.messages);
  }
};

/** Says each of these, some of them twice, as somebody does who does not trust the line; several at a time. */
const sayAll = async (client: OtsyClient, chatId: string, contents: readonly string[]): Promise<void> => {
  const waiting = contents.flatMap((content, index) => (index % 5 === 0 ? [content, content] : [content]));
  const sendNext = async (): Promise<void> => {
    for (let content = waiting.shift(); content !== undefined; content = waiting.shift()) {
      const { ok, message } = await say(client, chatId, content, { client_message_id: content });
      expect([ok, message?.content]).toEqual([true, content]);
    }
  };
  await Promise.all(Array.from({ length: 20 }, sendNext));
};

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name} ${index}`);

it('a thousand messages of two members, some sent twice, come to both in one order, each once', async () => {
  await using system = await startChatSystem({ callServices: 2, settings: MANY });
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  await Promise.all([join(user, chatId), join(shopper, chatId)]);
  await Promise.all([sayAll(user, chatId, numbered('user', 500)), sayAll(shopper, chatId, numbered('shopper', 500))]);

  const stored = await wholeHistory(await system.rest(userId), chatId);
  expect(stored).toHaveLength(1000);
  expect(new Set(contentsOf(stored)).size).toBe(1000);
  for (const client of [user, shopper]) {
    await client.hears('new_message', ({ id }) => id === stored.at(-1)?.id);
    expect(contentsOf(client.bodies('new_message'))).toEqual(contentsOf(stored));
  }
}, 60_000);

/** An app that keeps what it knows by message id, in the order of the chat, and reads what it missed over REST. */
const createApp = (system: System, { chatId, userId }: ChatRoom) => {
  const known = new Map<string, OtsyMessage>();
  let client: OtsyClient | null = null;
  const connect = async (gateway: number): Promise<void> => {
    client = await system.otsy(gateway, userId);
    client.socket.on('new_message', (message: OtsyMessage) => known.set(message.id, message));
    const earlier = new Set(known.keys());
    await join(client, chatId);
    for (const message of client.bodies('chat_history')[0].messages) known.set(message.id, message);
    // Where the last messages do not reach back to what it knows, the rest is history.
    if (earlier.size > 0 && !client.bodies('chat_history')[0].messages.some(({ id }: OtsyMessage) => earlier.has(id))) {
      for (const message of await wholeHistory(await system.rest(userId), chatId)) known.set(message.id, message);
    }
  };
  /** Sends until it is acknowledged, over whichever connection there is by then. */
  const sayUntilAcknowledged = async (content: string): Promise<void> => {
    for (;;) {
      const ack = await client?.socket
        .timeout(500)
        .emitWithAck('send_message', { chatId, content, client_message_id: content })
        .catch(() => null);
      if (ack?.ok === true) return;
      if (client?.socket.connected !== true) await connect(1);
    }
  };
  return {
    known,
    connect,
    sayUntilAcknowledged,
    heard: () => client?.bodies('new_message') ?? [],
    [Symbol.asyncDispose]: async () => void client?.socket.disconnect(),
  };
};

it('a gateway that is killed in the middle loses no message: the client is back with all of them, and nothing is doubled', async () => {
  await using system = await startChatSystem({ asProcesses: ['socket-gateway'], settings: MANY });
  const room = await openRoom(system);
  const { chatId, shopperId } = room;
  await using shopper = await system.otsy(1, shopperId);
  await join(shopper, chatId);
  await using app = createApp(system, room);
  await app.connect(0);

  const fromUser = numbered('user', 200);
  const fromShopper = numbered('shopper', 200);
  const saying = (async () => {
    for (const [index, content] of fromUser.entries()) {
      if (index === 100) await system.process('socket-gateway', 0).kill();
      await app.sayUntilAcknowledged(content);
    }
  })();
  for (const content of fromShopper) expect((await say(shopper, chatId, content)).ok).toBe(true);
  await saying;
  const last = `last ${randomUUID()}`;
  await app.sayUntilAcknowledged(last);

  const stored = await wholeHistory(await system.rest(shopperId), chatId);
  expect(contentsOf(stored).toSorted()).toEqual([...fromUser, ...fromShopper, last].toSorted());
  await shopper.hears('new_message', ({ content }) => content === last);
  expect(contentsOf(shopper.bodies('new_message'))).toEqual(contentsOf(stored));
  await until('the app knows every message', () => app.known.size === stored.length);
  const heard = app.heard();
  expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length);
  expect([...app.known.keys()].toSorted()).toEqual(stored.map(({ id }) => id).toSorted());
}, 60_000);

it('kill -9 of Redis in the middle: what is acknowledged without it comes to both in order, each once, when it is back', async () => {
  const options = { env: {}, dataFolder: null, report: () => undefined };
  await using redis = await startRedis(options);
  await using system = await startChatSystem({ settings: { REDIS_URL: redis.url } });
  const { chatId, userId, shopperId } = await openRoom(system);
  await using user = await system.otsy(0, userId);
  await using shopper = await system.otsy(1, shopperId);
  await Promise.all([join(user, chatId), join(shopper, chatId)]);
  const contents = numbered('user', 60);
  await using back = new AsyncDisposableStack();
  for (const [index, content] of contents.entries()) {
    if (index === 10) process.kill(redis.pid as number, 'SIGKILL');
    if (index === 20) back.use(await startRedis({ ...options, port: Number(new URL(redis.url).port) }));
    expect((await say(user, chatId, content)).ok).toBe(true);
  }
  for (const client of [user, shopper]) {
    await client.hears('new_message', ({ content }) => content === contents.at(-1));
    expect(contentsOf(client.bodies('new_message'))).toEqual(contents);
  }
});

it('what is said while a gateway is cut off from Redis comes to its sessions, also in chats that they were told nothing of', async () => {
  const prefix = `test-${randomUUID()}`;
  await using system = await startChatSystem({ gateways: 1, settings: { REDIS_PREFIX: prefix } });
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using gateway = await startRemoteGateway(system, relay, prefix);
  const [quiet, lively] = [await openRoom(system), await openRoom(system)];
  await using cutOff = await connectOtsy(gateway.url, await mintToken(quiet.userId));
  await using alsoCutOff = await connectOtsy(gateway.url, await mintToken(lively.userId));
  await using sameUser = await system.otsy(0, quiet.userId);
  await using shopper = await system.otsy(0, quiet.shopperId);
  await using another = await system.otsy(0, lively.shopperId);
  await say(another, lively.chatId, 'heard');
  await alsoCutOff.hears('new_message');

  relay.refuse();
  await until('the gateway notices', async () => !(await fetch(`${gateway.url}/readyz`)).ok);
  await say(shopper, quiet.chatId, 'theirs');
  await say(sameUser, quiet.chatId, 'their own, from elsewhere');
  await say(another, lively.chatId, 'missed');
  relay.pass();
  await say(another, lively.chatId, 'right behind the gap');
  await cutOff.hears('new_message', ({ content }) => content === 'their own, from elsewhere');
  await say(shopper, quiet.chatId, 'the next');
  await cutOff.hears('new_message', ({ content }) => content === 'the next');
  await alsoCutOff.hears('new_message', ({ content }) => content === 'right behind the gap');
  expect(contentsOf(cutOff.bodies('new_message'))).toEqual(['theirs', 'their own, from elsewhere', 'the next']);
  expect(contentsOf(alsoCutOff.bodies('new_message'))).toEqual(['heard', 'missed', 'right behind the gap']);
});

it('the first message of a chat behind a gap does not come before what was said in the gap', async () => {
  const prefix = `test-${randomUUID()}`;
  await using system = await startChatSystem({ gateways: 1, settings: { REDIS_PREFIX: prefix } });
  await using relay = await startFaultProxy(backingUrls().redisUrl);
  await using gateway = await startRemoteGateway(system, relay, prefix);
  const { chatId, userId, shopperId } = await openRoom(system);
  await using cutOff = await connectOtsy(gateway.url, await mintToken(userId));
  await using shopper = await system.otsy(0, shopperId);
  relay.refuse();
  await until('the gateway notices', async () => !(await fetch(`${gateway.url}/readyz`)).ok);
  await say(shopper, chatId, 'missed');
  relay.pass();
  const channel = `${prefix}:chats:${userId}`;
  await until('it is subscribed again', async () => ((await system.redis.call('PUBSUB', 'SHARDNUMSUB', channel)) as unknown[])[1] === 1);
  await say(shopper, chatId, 'the next');
  await cutOff.hears('new_message', ({ content }) => content === 'the next');
  expect(contentsOf(cutOff.bodies('new_message'))).toEqual(['missed', 'the next']);
});
