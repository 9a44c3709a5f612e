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
      async () => (await system.database.query('SELECT FROM sessions WHERE user_id = $1', [userId])).length === 1,
    );
    expect(await statusOf(userId)).toMatchObject({ online: true });
    second.socket.disconnect();
    await until('offline', async () => !(await statusOf(userId)).online);
    await until('last seen', async () => (await statusOf(userId)).lastSeenAt);
  }
});

it('presence is for signed-in users', async () => {
  const response = await fetch(`${system.callServices[0]?.url}/api/v1/users/ann/status`);
  expect(response.status).toBe(401);
  expect(await response.json()).toEqual({ success: false, message: expect.any(String), data: null });
});
