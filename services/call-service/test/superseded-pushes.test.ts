import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askAll, commandOf, openChat, sendOf, serverOf, startChatService } from './chat-door.ts';
import { pushClient } from './push-client.ts';
import type { RunningCallService } from './running-call-service.ts';

let service: RunningCallService;
let client: ReturnType<typeof pushClient>;

beforeAll(async () => {
  service = await startChatService();
  client = pushClient(service);
});
afterAll(() => service[Symbol.asyncDispose]());

/** In the order in which they were queued. */
const pushesTo = async (userId: string) => (await client.pushes()).filter(({ user_id }) => user_id === userId);

/** Somebody with a device, to whom these states of an order were pushed. */
const updatesOf = async (statuses: readonly string[], deviceIds: readonly string[] = ['phone']) => {
  const [userId, orderId] = [`ann-${randomUUID()}`, `order-${randomUUID()}`];
  for (const deviceId of deviceIds) await client.device(userId, deviceId);
  for (const update of statuses)
    await serverOf(service).post('/v1/server/events', { type: 'order_update', userIds: [userId], data: { orderId, update } });
  return { userId, pushes: await pushesTo(userId) };
};

type Push = Awaited<ReturnType<typeof client.pushes>>[number] | undefined;

const claimed = async (push: Push, attempt = 1): Promise<boolean> => {
  const answer = await client.claim([{ id: push?.id ?? '', attempt }]);
  return answer.length === 1;
};

const refused = async (push: Push): Promise<void> => {
  expect(await claimed(push)).toBe(true);
  await client.report({ outcome: 'retry', id: push?.id, attempt: 1, error: '503', retryAfterMs: 3000 });
};

const accepted = async (push: Push): Promise<void> => {
  expect(await claimed(push)).toBe(true);
  await client.report({ outcome: 'accepted', id: push?.id, attempt: 1, providerId: null });
};

const endOf = async (push: Push) => {
  const { status, error } = (await client.pushes()).find(({ id }) => id === push?.id) ?? {};
  return { status, error };
};

const SUPERSEDED = { status: 'dropped', error: 'superseded' };

describe('a push that is tried again', () => {
  it('is dropped when a newer one of the same key was accepted', async () => {
    const { pushes } = await updatesOf(['shopping', 'delivered']);
    await refused(pushes[0]);
    await accepted(pushes[1]);
    expect(await claimed(pushes[0], 2)).toBe(false);
    expect(await endOf(pushes[0])).toEqual(SUPERSEDED);
  });

  it('is dropped while a newer one is being sent', async () => {
    const { pushes } = await updatesOf(['shopping', 'delivered']);
    await refused(pushes[0]);
    expect(await claimed(pushes[1])).toBe(true);
    expect(await claimed(pushes[0], 2)).toBe(false);
    expect(await endOf(pushes[0])).toEqual(SUPERSEDED);
  });

  it('is dropped when it is claimed together with a newer one', async () => {
    const { pushes } = await updatesOf(['shopping', 'packed', 'delivered']);
    for (const push of pushes) await refused(push);
    const together = await client.claim(pushes.map(({ id }) => ({ id, attempt: 2 })));
    expect(together.map(({ content }) => content)).toMatchObject([{ status: 'delivered' }]);
  });

  it('is dropped when its worker died over it', async () => {
    const { pushes } = await updatesOf(['shopping', 'delivered']);
    expect(await claimed(pushes[0])).toBe(true);
    await accepted(pushes[1]);
    expect(await claimed(pushes[0])).toBe(false);
    expect(await endOf(pushes[0])).toEqual(SUPERSEDED);
  });

  it('is sent when only an older one was accepted, or the newer one was not', async () => {
    const { pushes } = await updatesOf(['shopping', 'packed', 'delivered']);
    await accepted(pushes[0]);
    await refused(pushes[1]);
    await refused(pushes[2]);
    expect(await claimed(pushes[1], 2)).toBe(true);
  });

  it('is sent when the newer one went to another device, or is about something else', async () => {
    const { userId, pushes } = await updatesOf(['shopping', 'delivered'], ['phone', 'tablet']);
    const own = pushes.filter(({ target_id }) => target_id === pushes[0]?.target_id);
    const others = pushes.filter(({ target_id }) => target_id !== pushes[0]?.target_id);
    await refused(own[0]);
    for (const push of others) await accepted(push);
    const other = { type: 'order_update', userIds: [userId], data: { orderId: `order-${randomUUID()}`, update: 'x' } };
    await serverOf(service).post('/v1/server/events', other);
    for (const push of (await pushesTo(userId)).slice(-2)) await accepted(push);
    expect(await claimed(own[0], 2)).toBe(true);
  });
});

it('the first attempt of each of several quick pushes is made, in whatever order', async () => {
  const { pushes } = await updatesOf(['shopping', 'packed', 'delivered']);
  await accepted(pushes[2]);
  await accepted(pushes[0]);
  await accepted(pushes[1]);
});

describe('what is pushed of a chat', () => {
  const openRoom = async (deviceIds: readonly string[] = ['phone']) => {
    const [user, shopper] = [`ann-${randomUUID()}`, `sho-${randomUUID()}`];
    for (const deviceId of deviceIds) await client.device(shopper, deviceId);
    const chatId = await openChat(service, { order_id: `order-${randomUUID()}`, user_id: user, shopper_id: shopper });
    return { user, shopper, chatId };
  };
  const send = async (userId: string, chatId: string, contents: readonly string[]): Promise<string[]> => {
    const replies = await askAll(
      service,
      contents.map((content) => sendOf(userId, chatId, content)),
    );
    return replies.flatMap((reply) => (reply.ok && reply.result.type === 'message' ? [reply.result.message.id] : []));
  };
  const read = async (userId: string, chatId: string, messageIds: readonly (string | undefined)[], deviceId: string | null = null) => {
    const actor = { userId, name: null, avatar: null, role: null, deviceId, sessionId: null };
    const [reply] = await askAll(service, [commandOf(userId, { type: 'mark_read', chatId, messageIds }, { actor })]);
    expect(reply?.ok).toBe(true);
  };
  const typesTo = async (userId: string) => (await pushesTo(userId)).map(({ type }) => type);
  const deviceOf = async (push: Push) =>
    (await service.database.query<{ device_id: string }>('SELECT device_id FROM push_targets WHERE id = $1', [push?.target_id]))[0]
      ?.device_id;

  it('is not sent again once another device read it', async () => {
    const { user, shopper, chatId } = await openRoom(['phone']);
    const [, second] = await send(user, chatId, ['one', 'two']);
    for (const push of await pushesTo(shopper)) await refused(push);
    await read(shopper, chatId, [second], 'browser');
    const [first, last, taken] = await pushesTo(shopper);
    expect(taken?.type).toBe('chat_read');
    await accepted(taken);
    expect([await claimed(first, 2), await claimed(last, 2)]).toEqual([false, false]);
    expect([await endOf(first), await endOf(last)]).toEqual([SUPERSEDED, SUPERSEDED]);
  });

  it('is not sent any more where nothing is left unread, to the device that read it either', async () => {
    const { user, shopper, chatId } = await openRoom(['phone']);
    const [message] = await send(user, chatId, ['one']);
    const [push] = await pushesTo(shopper);
    await refused(push);
    await read(shopper, chatId, [message], 'phone');
    expect(await typesTo(shopper)).toEqual(['chat_message']);
    expect(await claimed(push, 2)).toBe(false);
    expect(await endOf(push)).toEqual({ status: 'dropped', error: 'nothing_unread' });
  });

  it('is not taken back late from a newer message', async () => {
    const { user, shopper, chatId } = await openRoom();
    const [message] = await send(user, chatId, ['one']);
    await accepted((await pushesTo(shopper))[0]);
    await read(shopper, chatId, [message], 'browser');
    await refused((await pushesTo(shopper))[1]);
    await send(user, chatId, ['two']);
    await accepted((await pushesTo(shopper))[2]);
    expect(await claimed((await pushesTo(shopper))[1], 2)).toBe(false);
  });

  it('stays while only older messages are read, and goes with the one that was pushed last', async () => {
    const { user, shopper, chatId } = await openRoom();
    const messages = await send(user, chatId, ['one', 'two', 'three']);
    expect(await typesTo(shopper)).toEqual(['chat_message', 'chat_message', 'chat_message']);
    await read(shopper, chatId, [messages[0]]);
    await read(shopper, chatId, [messages[1]]);
    expect(await typesTo(shopper)).not.toContain('chat_read');
    await read(shopper, chatId, messages);
    expect((await typesTo(shopper)).filter((type) => type === 'chat_read')).toHaveLength(1);
  });

  it('stays when older messages are read as a newer one is written', async () => {
    const { user, shopper, chatId } = await openRoom();
    const [message] = await send(user, chatId, ['one']);
    await askAll(service, [sendOf(user, chatId, 'two'), commandOf(shopper, { type: 'mark_read', chatId, messageIds: [message] })]);
    expect((await typesTo(shopper)).at(-1)).toBe('chat_message');
  });

  it('is taken back from the other devices, not from the one that read it', async () => {
    const { user, shopper, chatId } = await openRoom(['phone', 'browser']);
    const [message] = await send(user, chatId, ['one']);
    await read(shopper, chatId, [message], 'browser');
    const taken = (await pushesTo(shopper)).filter(({ type }) => type === 'chat_read');
    expect(await Promise.all(taken.map(deviceOf))).toEqual(['phone']);
  });

  it('is taken back from every device when a session without a device name read it', async () => {
    const { user, shopper, chatId } = await openRoom(['phone']);
    const [message] = await send(user, chatId, ['one']);
    await read(shopper, chatId, [message]);
    expect(await typesTo(shopper)).toEqual(['chat_message', 'chat_read']);
  });
});
