import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type CloseReason, type CommandReply, UserId } from '@trunkline/contract';
import { createLogger, createMetrics, type Identity } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { aCall, BEN } from '../test/call-event.ts';
import type { Companion } from './companions.ts';
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
  const lines: string[] = [];
  const replies: ((reply: CommandReply) => void)[] = [];
  const sessions = new Sessions({
    sendCommand: () => new Promise((reply) => replies.push(reply)),
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
    log: createLogger('test', 'warn', { write: (line) => void lines.push(line) }),
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
  /** A session of a name, on a connection that may carry another, whose token ends then. */
  const admitBeside = (name: string, beside: Companion | null, changes: Partial<Identity> = {}) => {
    const socket: ClientSocket<JsonFrame> = {
      write: () => true,
      probe: () => undefined,
      queuedBytes: () => 0,
      close: (reason) => closed.push(`${name} ${reason}`),
    };
    return sessions.admit({ ...identity, ...changes }, socket, otomo, beside);
  };
  /** Two sessions on one connection. */
  const admitTwo = () => {
    const first = admitBeside('first', null);
    return { first, second: admitBeside('second', first) };
  };
  return { sessions, seen, closes, closed, charged, lines, replies, admit, admitBeside, admitTwo };
};

const ACCEPT: JsonFrame = { json: { type: 'call_accept', payload: { callId: 'a' } } };
const ACCEPTED: CommandReply = { ok: true, call: aCall() };

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

  it.each(['flooding', 'frame_too_large', 'too_slow'] as const)('for %s is logged with its user: metrics know no names', (reason) => {
    const { sessions, lines, admit } = createSessions();
    using _sweep = sessions;
    const { listener } = admit();
    listener.onClose(reason);
    const { sessionId } = listener as unknown as { sessionId: string };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { userId: BEN, sessionId, dialect: 'otomo', reason, msg: 'a connection was closed for what its client did' },
    ]);
  });

  it.each(['going_away', 'silent', 'token_expired', null] as const)('for %s is no news', (reason) => {
    const { sessions, lines, admit } = createSessions();
    using _sweep = sessions;
    admit().listener.onClose(reason);
    expect(lines).toEqual([]);
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

describe('two sessions on one connection', () => {
  it.each(['going_away', 'token_expired', 'too_slow', 'disconnected', 'flooding', 'frame_too_large', 'silent'] as const)(
    'end together where one is closed as %s',
    (reason) => {
      const { sessions, closed, admitTwo } = createSessions();
      using _sweep = sessions;
      admitTwo().second.close(reason);
      expect(closed.toSorted()).toEqual([`first ${reason}`, `second ${reason}`]);
      expect(sessions.count).toBe(0);
    },
  );

  it.each(['unavailable', 'too_many_connections'] as const)('part where one is closed as %s', (reason) => {
    const { sessions, closed, admitTwo } = createSessions();
    using _sweep = sessions;
    admitTwo().second.close(reason);
    expect(closed).toEqual([`second ${reason}`]);
    expect(sessions.count).toBe(1);
  });

  it('part where the client leaves one', () => {
    const { sessions, closed, admitTwo } = createSessions();
    using _sweep = sessions;
    admitTwo().first.onClose(null);
    expect([closed, sessions.count]).toEqual([[], 1]);
  });

  it.each<[string, (session: { close(reason: CloseReason): void; onClose(reason: CloseReason): void }) => void]>([
    ['by the session', (session) => session.close('flooding')],
    ['by the transport', (session) => session.onClose('flooding')],
  ])('are charged once for the abuse for which they were closed %s', (_name, close) => {
    const { sessions, charged, admitTwo } = createSessions();
    using _sweep = sessions;
    const { first, second } = admitTwo();
    close(first);
    close(second);
    expect(charged).toEqual([BEN]);
  });

  it('last as long as the newest token of their user, also when the one that showed it has left', async () => {
    const { sessions, closed, admitBeside } = createSessions();
    using _sweep = sessions;
    const renewed = admitBeside('renewed', null);
    admitBeside('kept', renewed, { expiresAt: 0 });
    const left = admitBeside('left', null);
    admitBeside('kept too', left, { expiresAt: 0 });
    left.onClose(null);
    admitBeside('alone', null, { expiresAt: 0 });
    await expect.poll(() => closed, { timeout: 5000 }).toEqual(['alone token_expired']);
  });

  it('last no longer for a token of somebody else', async () => {
    const { sessions, closed, admitBeside } = createSessions();
    using _sweep = sessions;
    const other = admitBeside('other', null, { userId: UserId.parse('ana') });
    admitBeside('expired', other, { expiresAt: 0 });
    await expect.poll(() => closed, { timeout: 5000 }).toContain('expired token_expired');
  });
});

describe('who is sent away', () => {
  it('goes at once where its client waits for nothing', () => {
    const { sessions, closed, admitTwo, admitBeside } = createSessions();
    using _sweep = sessions;
    admitTwo();
    admitBeside('third', null);
    sessions.sendOldestAway(1, 'going_away');
    expect(closed.toSorted()).toEqual(['first going_away', 'second going_away']);
    expect(sessions.staying()).toHaveLength(1);
  });

  it.each(['first', 'second'] as const)('goes when both on its connection have their answers: the %s waits', async (asking) => {
    const { sessions, closed, replies, admitTwo } = createSessions();
    using _sweep = sessions;
    const both = admitTwo();
    both[asking].onFrame(ACCEPT, null);
    await expect.poll(() => replies.length).toBe(1);
    sessions.sendOldestAway(1, 'going_away');
    // What is asked meanwhile is answered too.
    both.second.onFrame(ACCEPT, null);
    await expect.poll(() => replies.length).toBe(asking === 'first' ? 2 : 1);
    replies[0]?.(ACCEPTED);
    await expect.poll(() => replies.length).toBe(2);
    expect(closed).toEqual([]);
    replies[1]?.(ACCEPTED);
    await expect.poll(() => closed.toSorted()).toEqual(['first going_away', 'second going_away']);
  });

  it('goes though the one that it waited for left first', async () => {
    const { sessions, closed, replies, admitTwo } = createSessions();
    using _sweep = sessions;
    const { first, second } = admitTwo();
    second.onFrame(ACCEPT, null);
    await expect.poll(() => replies.length).toBe(1);
    const gone = sessions.closeForGood('going_away');
    second.onClose(null);
    replies[0]?.(ACCEPTED);
    await gone;
    expect([closed, first.isIdle]).toEqual([['first going_away'], true]);
  });

  it('has its answers too where another comes to its connection meanwhile', async () => {
    const { sessions, closed, replies, admitBeside } = createSessions();
    using _sweep = sessions;
    const first = admitBeside('first', null);
    first.onFrame(ACCEPT, null);
    await expect.poll(() => replies.length).toBe(1);
    const gone = sessions.closeForGood('going_away');
    admitBeside('late', first);
    expect(closed).toEqual([]);
    replies[0]?.(ACCEPTED);
    await gone;
    expect(closed.toSorted()).toEqual(['first going_away', 'late going_away']);
  });
});
