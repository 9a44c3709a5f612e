import { randomUUID } from 'node:crypto';
import { mintToken, type System, startSystem, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

const statusOf = async (userId: string) => {
  const response = await fetch(`${system.callServices[0]?.url}/api/v1/users/${encodeURIComponent(userId)}/status`, {
    headers: { authorization: `Bearer ${await mintToken('onlooker')}` },
  });
  const { data } = (await response.json()) as { data: { online: boolean; lastSeenAt: string | null } };
  return data;
};

it('somebody is online while any gateway holds a session of theirs, whatever their name is', async () => {
  // The second name makes the room's own name as long as a socket id.
  for (const userId of [`user-${randomUUID()}`, randomUUID().slice(0, 11), '用户 #1/?']) {
    expect(await statusOf(userId)).toMatchObject({ online: false });
    const first = await system.connect(0, userId);
    await until('online on the first gateway', async () => (await statusOf(userId)).online);
    const second = await system.connect(1, userId);
    first.socket.disconnect();
    await until(
      'gone from the first gateway',
      async () => (await system.database.query('SELECT FROM sessions WHERE user_id = $1 AND closed_at IS NULL', [userId])).length === 1,
    );
    expect(await statusOf(userId)).toMatchObject({ online: true });
    second.socket.disconnect();
    await until('offline', async () => !(await statusOf(userId)).online);
    await until('last seen', async () => (await statusOf(userId)).lastSeenAt);
  }
});

it('who comes and goes is told to the other side of a live call, in every dialect, and to nobody after it', async () => {
  for (const [word, raw] of [['data', '/ws/chat'] as const, ['payload', '/ws/otomo'] as const]) {
    const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
    await using onlooker = await system.connectRaw(0, raw, callerId);
    const caller = await system.connect(1, callerId);
    const callee = await system.connect(1, calleeId);
    caller.tell('call:initiate', { receiverId: calleeId });
    const { callId } = await callee.hears('call:incoming');
    await callee.ask('call:accept', { callId });
    callee.socket.disconnect();
    expect(await onlooker.hears('user_offline')).toMatchObject({ [word]: { userId: calleeId } });
    const again = await system.connect(0, calleeId);
    expect(await caller.hears('user_online')).toEqual({ userId: calleeId, timestamp: expect.any(Number) });
    await again.ask('call:end', { callId });
    await caller.hears('call:ended');
    again.socket.disconnect();
    await until('gone', async () => !(await statusOf(calleeId)).online);
    expect(onlooker.frames.filter(({ type }) => type === 'user_offline')).toHaveLength(1);
  }
});

it('presence is for signed-in users', async () => {
  const response = await fetch(`${system.callServices[0]?.url}/api/v1/users/ann/status`);
  expect(response.status).toBe(401);
  expect(await response.json()).toEqual({ success: false, message: expect.any(String), data: null });
});
