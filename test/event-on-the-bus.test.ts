import { randomUUID } from 'node:crypto';
import { startPublisher, startSubscriber } from '@trunkline/bus';
import { Call, eventId, type ServerEvent, UserId } from '@trunkline/contract';
import { backingUrls } from '@trunkline/testing';
import { expect, it } from 'vitest';

const [ANN, BEN] = [UserId.parse('ann'), UserId.parse('ben')];

const ringOf = (id: string): ServerEvent => {
  const call = Call.parse({
    ...{ id, seq: 1, state: 'INITIATING', callType: 'AUDIO', channelId: id, callerId: ANN, calleeId: BEN },
    ...{ callerName: null, callerAvatar: null, calleeAlias: null, reason: null, reasonText: null, endedBy: null },
    ...{
      answeredByDevice: null,
      answeredBySession: null,
      createdAt: 1,
      updatedAt: 1,
      ringDeadlineAt: 60_001,
      acceptedAt: null,
      endedAt: null,
    },
  });
  const actor = { userId: ANN, deviceId: null, sessionId: null };
  return { id: eventId(call.id, 1), type: 'call_placed', at: 1, ringMsLeft: 60_000, actor, recipients: [ANN, BEN], call };
};

const start = async () => {
  await using starting = new AsyncDisposableStack();
  const errors: string[] = [];
  const connection = { redisUrl: backingUrls().redisUrl, prefix: randomUUID(), onError: (error: Error) => void errors.push(error.message) };
  const publisher = starting.use(await startPublisher(connection));
  const subscriber = starting.use(await startSubscriber(connection));
  const heard: ServerEvent[] = [];
  for (const userId of [ANN, BEN]) await subscriber.subscribe(userId, (event) => heard.push(event)).inForce;
  const publish = (text: string) => publisher.publish([ANN, BEN].map((userId) => ({ topic: 'calls', userId, text })));
  const running = starting.move();
  return { publish, heard, errors, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

it('an event that two people hear on one gateway is read once, and the next one anew', async () => {
  await using bus = await start();
  const [one, other] = [ringOf('one'), ringOf('two')];
  for (const event of [one, other, one]) await bus.publish(JSON.stringify(event));
  await expect.poll(() => bus.heard).toEqual([one, one, other, other, one, one]);
  const [first, again, second] = bus.heard;
  expect(again).toBe(first);
  expect(second).not.toBe(first);
});

it('what is no event is reported each time, and hides nothing that comes after', async () => {
  await using bus = await start();
  for (const text of ['{', '{}', JSON.stringify(ringOf('one'))]) await bus.publish(text);
  await expect.poll(() => bus.heard).toHaveLength(2);
  expect(bus.errors).toEqual(Array.from({ length: 4 }, () => 'an event on the bus is not what the contract says'));
});
