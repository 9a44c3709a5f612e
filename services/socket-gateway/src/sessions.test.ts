import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createMetrics, type Identity } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { BEN } from '../test/call-event.ts';
import { DatabaseClock } from './database-clock.ts';
import type { JsonFrame } from './dialects/dialect.ts';
import { otomo } from './dialects/otomo.ts';
import { GATEWAY_METRICS } from './gateway-metrics.ts';
import { Sessions } from './sessions.ts';
import type { ClientSocket } from './transports/transport.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const identity: Identity = { userId: BEN, name: null, avatar: null, role: null, deviceId: null, expiresAt: Number.POSITIVE_INFINITY };

/** The sessions of a gateway whose call-service takes every opening, and every close only when the test says so. */
const createSessions = (queuedBytesTogether = Number.POSITIVE_INFINITY) => {
  const closes: (() => void)[] = [];
  const seen = { openings: 0 };
  const charged: string[] = [];
  const sessions = new Sessions({
    sendCommand: () => new Promise(() => undefined),
    reports: {
      hasRoom: () => true,
      opened: async () => {
        seen.openings += 1;
        return { events: [], refused: false };
      },
      closed: () => new Promise((resolve) => closes.push(resolve)),
      giveUp: () => undefined,
    },
    deliveries: { add: () => undefined },
    subscriber: {
      subscribe: () => ({ inForce: Promise.resolve(), end: () => undefined }),
      subscribeToChats: () => ({ inForce: Promise.resolve(), end: () => undefined }),
      tell: () => undefined,
      onNotice: () => undefined,
      onGapEnded: () => undefined,
      isHearing: () => true,
      [Symbol.asyncDispose]: async () => undefined,
    },
    presence: { enter: () => undefined, leave: () => undefined },
    clock: new DatabaseClock(),
    authenticate: async () => identity,
    commandsPerSecond: 200,
    queuedBytesTogether,
    connects: { charge: (userId) => void charged.push(userId) },
    metrics: createMetrics(GATEWAY_METRICS).of,
  });
  const closed: string[] = [];
  const admit = (queued = 0) => {
    const socket: ClientSocket<JsonFrame> = {
      write: () => true,
      probe: () => undefined,
      queuedBytes: () => queued,
      close: (reason) => closed.push(queued === 0 ? reason : `${queued} ${reason}`),
    };
    return { listener: sessions.admit(identity, socket, otomo), socket: new WeakRef(socket) };
  };
  return { sessions, seen, closes, closed, charged, admit };
};

describe('a session that ended', () => {
  it.each([
    ['flooding', [BEN]],
    ['frame_too_large', [BEN]],
    ['silent', []],
    [null, []],
  ] as const)('for %s is charged to its user as abuse, or is not', (reason, expected) => {
    const { sessions, charged, admit } = createSessions();
    using _sweep = sessions;
    admit().listener.onClose(reason);
    expect(charged).toEqual(expected);
  });

  it('keeps nothing of its connection while its close waits to be reported', async () => {
    const { sessions, seen, closes, admit } = createSessions();
    using _sweep = sessions;
    const openAndEnd = async (): Promise<WeakRef<object>> => {
      const { listener, socket } = admit();
      await expect.poll(() => seen.openings).toBe(1);
      listener.onClose(null);
      return socket;
    };
    const socket = await openAndEnd();
    await expect.poll(() => closes.length).toBe(1);
    await expect
      .poll(() => {
        collectGarbage();
        return socket.deref() === undefined;
      })
      .toBe(true);
    expect(sessions.count).toBe(0);
    closes[0]?.();
    await sessions.allReported();
  });
});

describe('what waits for all clients together', () => {
  it('is bounded: those for whom most waits are closed, and no more of them than must be', async () => {
    const { sessions, closed, admit } = createSessions(100);
    using _sweep = sessions;
    for (const queued of [0, 30, 60, 40, 10]) admit(queued);
    await expect.poll(() => closed, { timeout: 5000 }).toEqual(['60 too_slow']);
    expect(sessions.count).toBe(4);
  });

  it('below the bound closes nobody', async () => {
    const { sessions, closed, admit } = createSessions(100);
    using _sweep = sessions;
    for (const queued of [60, 40]) admit(queued);
    admit(0);
    const expired = { ...identity, expiresAt: 0 };
    sessions.admit(
      expired,
      { write: () => true, probe: () => undefined, queuedBytes: () => 0, close: (reason) => closed.push(reason) },
      otomo,
    );
    // The same look closes the one whose token has ended.
    await expect.poll(() => closed, { timeout: 5000 }).toEqual(['token_expired']);
  });
});
