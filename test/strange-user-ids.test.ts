import { randomUUID } from 'node:crypto';
import { startSystem } from '@trunkline/testing';
import { expect, it } from 'vitest';

/** A user id is the app's own: 1 to 128 characters of any kind that can be stored. */
const STRANGE = ['\u001e', '\u001f"],["x', "','{}\\", '%s$1:*#/#', '__proto__', '\u202e👩‍👩‍👧‍👦'];

it.each(STRANGE)('a user whose id holds %j is rung, answers, and hears how it ended', async (part) => {
  await using system = await startSystem();
  const [callerId, calleeId] = [`${part}${randomUUID()}`, `${part}${part}${randomUUID()}`];
  await using caller = await system.connect(0, callerId);
  await using callee = await system.connect(1, calleeId);
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  expect(await callee.hears('call:incoming')).toMatchObject({ callId: call?.id, callerId });
  await caller.hears('call:ringing');
  await callee.ask('call:accept', { callId: call?.id });
  expect(await caller.hears('call:accepted')).toMatchObject({ callId: call?.id, acceptedBy: calleeId });
  await caller.ask('call:end', { callId: call?.id });
  expect(await callee.hears('call:ended')).toMatchObject({ callId: call?.id, endedBy: callerId });
});
