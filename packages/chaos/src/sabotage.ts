import { setTimeout as pause } from 'node:timers/promises';
import { startPublisher } from '@trunkline/bus';
import { type CallEvent, CallEvent as CallEventSchema, UserId } from '@trunkline/contract';
import type { Crowd } from './people/crowd.ts';
import { disconnectSomebody } from './people/revocations.ts';
import type { Story } from './people/story.ts';
import type { World } from './system/world.ts';

type Sabotaging = (scene: Scene) => Promise<void>;

interface Scene {
  world: World;
  crowd: Crowd;
  /** Makes one fault happen, as briefly as it can. */
  inflict(fault: string): Promise<void>;
}

/** A ring that nobody asked for, as a rogue on the bus would publish it. */
const forgedRing = (story: Story): CallEvent => {
  const now = Date.now();
  const calleeId = story.callees[0]?.userId;
  return CallEventSchema.parse({
    id: `${story.callId}.900`,
    type: 'call_placed',
    at: now,
    ringMsLeft: 20_000,
    actor: { userId: story.caller.userId, deviceId: null, sessionId: null },
    recipients: [calleeId],
    call: {
      id: story.callId,
      callerId: story.caller.userId,
      callerName: null,
      callerAvatar: null,
      calleeId,
      calleeAlias: null,
      callType: 'AUDIO',
      channelId: story.callId,
      state: 'RINGING',
      seq: 900,
      reason: null,
      reasonText: null,
      endedBy: null,
      answeredByDevice: null,
      answeredBySession: null,
      createdAt: now,
      updatedAt: now,
      ringDeadlineAt: now + 20_000,
      acceptedAt: null,
      endedAt: null,
    },
  });
};

const publish = async ({ redis, redisPrefix }: World, event: CallEvent): Promise<void> => {
  await using publisher = await startPublisher({ redisUrl: redis.url, prefix: redisPrefix, onError: () => undefined });
  await publisher.publish(
    event.recipients.map((userId) => ({ userId: UserId.parse(userId), topic: 'calls' as const, text: JSON.stringify(event) })),
  );
};

/** Places a call with a pair of its own, and goes on when it rings on both devices. */
const whileRinging = (crowd: Crowd, use: (story: Story) => Promise<void>): Promise<void> =>
  crowd.withPair(async ({ caller, callees }, begin) => {
    const story = begin();
    await story.ask(caller, 'place', { calleeId: callees[0]?.userId ?? '', ringSeconds: 20 });
    await story.until(() => callees.every((device) => story.wasRung(device)), 5000);
    await use(story);
  });

const untilEverybodyKnows = (story: Story): Promise<boolean> =>
  story.until(() => story.devices.every((device) => story.knowsTheEnd(device)), 2000);

/** A fault; then a stop that the phones' network holds back for so long. */
const stopsLateAfter =
  (fault: string, milliseconds: number): Sabotaging =>
  async ({ world, crowd, inflict }) => {
    await inflict(fault);
    await whileRinging(crowd, async (story) => {
      for (const edge of world.links.edge) edge.stall('down');
      const cancelled = story.ask(story.caller, 'cancel');
      await pause(milliseconds);
      for (const edge of world.links.edge) edge.pass();
      await cancelled;
      await untilEverybodyKnows(story);
    });
  };

/** Breaks each promise on purpose, from outside: what would not be noticed then is not promised. */
export const SABOTAGES = {
  'acked-is-durable': async ({ world, crowd }) => {
    const { callId } = await crowd.call('reject');
    await world.query('DELETE FROM calls WHERE id = $1', [callId]);
  },
  'one-outcome': async ({ world, crowd }) => {
    const { callId } = await crowd.call('reject');
    await world.query("UPDATE calls SET state = 'MISSED' WHERE id = $1", [callId]);
  },
  'rung-is-stopped': async ({ world, crowd }) =>
    whileRinging(crowd, async (story) => {
      // Sessions ignore what comes before what they have seen: with this, the stop too.
      await publish(world, { ...forgedRing(story), type: 'call_ringing' });
      await pause(300);
      await story.ask(story.caller, 'cancel');
      await untilEverybodyKnows(story);
    }),
  'no-phantom-ring': async ({ world, crowd }) =>
    whileRinging(crowd, async (story) => {
      await story.ask(story.caller, 'cancel');
      await untilEverybodyKnows(story);
      const [device] = story.callees;
      device?.leaveFor(50);
      await story.until(() => device?.isReady === false, 1000);
      while (device?.isReady === false) await pause(20);
      const rungBefore = story.heard.length;
      // Until its session has its snapshot, it holds or refuses what it hears.
      for (let tries = 0; tries < 20 && story.heard.length === rungBefore; tries += 1) {
        await publish(world, forgedRing(story));
        await pause(200);
      }
    }),
  'one-history-entry': async ({ world, crowd }) => {
    const { callId } = await crowd.call('reject');
    await world.query("UPDATE calls SET caller_id = 'somebody-else' WHERE id = $1", [callId]);
  },
  'told-over-a-reconnect': async ({ world, crowd }) =>
    whileRinging(crowd, async (story) => {
      const [device] = story.callees;
      device?.leaveFor(1500);
      await story.until(() => device?.isReady === false, 1000);
      await world.query(
        `INSERT INTO call_trace (call_id, at, kind, user_id, device_id) VALUES ($1, clock_timestamp(), 'stop_sent', $2, $3)`,
        [story.callId, device?.userId, device?.deviceId],
      );
      await story.ask(story.caller, 'cancel');
      await untilEverybodyKnows(story);
    }),
  'caller-knows': async ({ world, crowd }) =>
    whileRinging(crowd, async (story) => {
      await publish(world, { ...forgedRing(story), type: 'call_ringing', recipients: [UserId.parse(story.caller.userId)] });
      await pause(300);
      await story.ask(story.callees[0] ?? story.caller, 'reject');
      await untilEverybodyKnows(story);
    }),
  'retry-changes-nothing': async ({ world, crowd }) =>
    whileRinging(crowd, async (story) => {
      const [device = story.caller] = story.callees;
      const accepted = await story.ask(device, 'accept');
      await story.ask(story.caller, 'end');
      await world.query('DELETE FROM answers WHERE key LIKE $1', [`%${accepted.ask.requestId}%`]);
      await story.askAgain(accepted);
      await untilEverybodyKnows(story);
    }),
  'timeouts-in-time': async ({ world, crowd }) =>
    whileRinging(crowd, async (story) => {
      await world.query(
        "UPDATE calls SET ring_deadline_at = ring_deadline_at - interval '60 seconds', due_at = clock_timestamp() WHERE id = $1",
        [story.callId],
      );
      await untilEverybodyKnows(story);
    }),
  'stops-in-time': async ({ world, crowd }) => {
    for (const link of world.links.gatewayToRedis) link.delay(400);
    await crowd.call('cancel');
    for (const link of world.links.gatewayToRedis) link.delay(0);
  },
  'answered-in-time': async ({ world, crowd }) => {
    // There and back.
    for (const edge of world.links.edge) edge.delay(1800);
    await crowd.call('cancel');
    for (const edge of world.links.edge) edge.delay(0);
  },
  'back-in-time': async ({ world, crowd }) => {
    for (const edge of world.links.edge) edge.refuse();
    await pause(4000);
    for (const edge of world.links.edge) edge.pass();
    while (!crowd.devices.every(({ isReady }) => isReady)) await pause(50);
  },
  'revoked-in-time': async ({ world, crowd }) => {
    for (const gateway of world.gateways) gateway.freeze();
    const disconnected = disconnectSomebody(crowd, world.disconnect);
    await pause(2500);
    for (const gateway of world.gateways) gateway.thaw();
    await disconnected;
  },
  'stops-after-a-gateway': stopsLateAfter('freeze_gateway', 3300),
  'stops-after-redis': stopsLateAfter('flush_redis', 5300),
  'stops-after-a-call-service': stopsLateAfter('freeze_call_service', 5300),
} satisfies Record<string, Sabotaging>;

export type Sabotage = keyof typeof SABOTAGES;

export const isSabotage = (name: string): name is Sabotage => Object.hasOwn(SABOTAGES, name);
