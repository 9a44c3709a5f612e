import {
  Actor,
  type Call,
  type CallEvent,
  type Command,
  CommandEnvelope,
  type CommandReply,
  Delivery,
  durationSeconds,
  isFinal,
  isRinging,
} from '@trunkline/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallRecord, TraceRow } from './call-record.ts';
import { decide } from './decide.ts';
import type { CallPolicy, Input, LateRing, StoredAnswer } from './world.ts';

const POLICY: CallPolicy = {
  ringTimeoutSeconds: 60,
  callerGraceSeconds: 10,
  unreachableGraceSeconds: 10,
  connectTimeoutSeconds: 30,
  callMaxSeconds: 14_400,
  gatewayLeaseSeconds: 15,
  busyPolicy: 'reject',
};

/** A database in miniature: what one batch wrote, the next one reads. */
class Desk {
  now = 1_700_000_000_000;
  readonly calls = new Map<string, CallRecord>();
  readonly present = new Set<string>(['ann', 'bob', 'cid']);
  readonly blockedBy = new Map<string, Set<string>>();
  readonly reach = new Map<string, { mayRing: boolean }>();
  readonly events: CallEvent[] = [];
  readonly traces: TraceRow[] = [];
  readonly hints: CallEvent[] = [];
  readonly lateRings: LateRing[] = [];
  readonly policy: CallPolicy;
  readonly #answers = new Map<string, StoredAnswer>();
  #minted = 0;

  constructor(policy: Partial<CallPolicy> = {}) {
    this.policy = { ...POLICY, ...policy };
  }

  apply(inputs: readonly Input[]): (CommandReply | null)[] {
    const outcome = decide(
      inputs,
      {
        now: this.now,
        // Copies: what a decision does not say that it changed is lost.
        calls: [...this.calls.values()].map((call) => ({ ...call })),
        presentUsers: this.present,
        answers: this.#answers,
        doneCommands: this.#doneCommands(),
        blockedBy: this.blockedBy,
        reach: this.reach,
      },
      this.policy,
    );
    for (const call of [...outcome.inserted, ...outcome.updated]) this.calls.set(call.id, call);
    for (const [key, answer] of outcome.answers) this.#answers.set(key, answer);
    this.events.push(...outcome.events);
    this.traces.push(...outcome.traces);
    this.hints.push(...outcome.hints);
    this.lateRings.push(...outcome.lateRings);
    return outcome.replies;
  }

  #doneCommands(): Map<string, string> {
    return new Map(this.traces.flatMap(({ commandId, callId }) => (commandId === null ? [] : [[commandId, callId] as const])));
  }

  envelope(userId: string, command: object, more: Partial<Record<keyof CommandEnvelope, unknown>> = {}): CommandEnvelope {
    this.#minted += 1;
    const actor: Actor = Actor.parse({ userId, name: userId, avatar: null, role: null, deviceId: null, sessionId: `${userId}-1` });
    return CommandEnvelope.parse({
      commandId: `command-${this.#minted}`,
      attempt: 1,
      actor,
      requestId: null,
      wantsAnswer: true,
      dialect: 'test',
      mintedCallId: `minted-${this.#minted}`,
      command,
      ...more,
    });
  }

  send(userId: string, command: object, more: Partial<Record<keyof CommandEnvelope, unknown>> = {}): CommandReply {
    const [reply] = this.apply([{ kind: 'command', envelope: this.envelope(userId, command, more) }]);
    return reply as CommandReply;
  }

  place(caller: string, callee: string, more: object = {}): Call {
    const reply = this.send(caller, { type: 'place_call', calleeId: callee, ...more });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.call;
  }

  rung(callId: string, userId: string): void {
    this.apply([{ kind: 'rung', delivery: Delivery.parse({ kind: 'ring', callId, userId, deviceId: null, sessionId: `${userId}-1` }) }]);
  }

  leave(userId: string, callId: string): void {
    this.present.delete(userId);
    this.apply([{ kind: 'presence', callId, userId }]);
  }

  come(userId: string, callId: string): void {
    this.present.add(userId);
    this.apply([{ kind: 'presence', callId, userId }]);
  }

  stateOf(id: string): string | undefined {
    return this.calls.get(id)?.state;
  }
}

const codeOf = (reply: CommandReply): string => (reply.ok ? 'ok' : reply.error.code);

describe('a place', () => {
  it('rings with the call id as its channel and AUDIO where nothing else is said', () => {
    const call = new Desk().place('ann', 'bob', { callId: 'mine' });
    expect(call).toMatchObject({ id: 'mine', channelId: 'mine', callType: 'AUDIO', state: 'INITIATING', seq: 1 });
  });

  it('is refused to oneself, and beside an outgoing call that lives', () => {
    const desk = new Desk();
    expect(codeOf(desk.send('ann', { type: 'place_call', calleeId: 'ann' }))).toBe('invalid_status');
    desk.place('ann', 'bob');
    expect(codeOf(desk.send('ann', { type: 'place_call', calleeId: 'cid' }))).toBe('invalid_status');
  });

  it('is REJECTED at once as busy, and only the caller is told', () => {
    const desk = new Desk();
    desk.place('ann', 'bob');
    expect(desk.place('cid', 'bob')).toMatchObject({ state: 'REJECTED', reason: 'busy', endedBy: 'system' });
    expect(desk.events.at(-1)).toMatchObject({ type: 'call_rejected', recipients: ['cid'], actor: { sessionId: null } });
  });

  it('rings beside another call where the policy says so', () => {
    const desk = new Desk({ busyPolicy: 'ring' });
    desk.place('ann', 'bob');
    expect(desk.place('cid', 'bob').state).toBe('INITIATING');
  });

  it('does not find somebody busy with a ring that is past its deadline', () => {
    const desk = new Desk();
    const first = desk.place('ann', 'bob');
    desk.now += 60_000;
    expect(desk.place('cid', 'bob').state).toBe('INITIATING');
    expect(desk.stateOf(first.id)).toBe('MISSED');
  });

  it('merges glare into the first call, under both ids, as audio where they differ', () => {
    const desk = new Desk();
    const first = desk.place('ann', 'bob', { callType: 'VIDEO' });
    const merged = desk.place('bob', 'ann', { callId: 'bobs' });
    expect(merged).toMatchObject({ id: first.id, state: 'CONNECTING', calleeAlias: 'bobs', callType: 'AUDIO', answeredBySession: 'bob-1' });
    expect(desk.events.at(-1)).toMatchObject({ type: 'call_accepted', merged: true, actor: { userId: 'bob' } });
    expect(codeOf(desk.send('bob', { type: 'end_call', callId: 'bobs' }))).toBe('ok');
    expect(desk.stateOf(first.id)).toBe('ENDED');
  });

  it('is known again under the callee’s own id for the merged call, also as another request', () => {
    const desk = new Desk();
    const { id } = desk.place('ann', 'bob');
    const command = { type: 'place_call', calleeId: 'ann', callId: 'bobs' };
    desk.send('bob', command);
    expect(desk.send('bob', command, { requestId: 'r1' })).toMatchObject({ ok: true, call: { id, state: 'CONNECTING' } });
    expect(codeOf(desk.send('bob', { ...command, calleeId: 'cid' }, { requestId: 'r2' }))).toBe('conflict');
  });

  it('from who answered to who called them is no glare any more', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('bob', { type: 'accept_call', callId });
    expect(desk.place('bob', 'ann')).toMatchObject({ state: 'REJECTED', reason: 'busy' });
  });

  it('merges glare also when both arrive in one batch', () => {
    const desk = new Desk();
    const both = [
      desk.envelope('ann', { type: 'place_call', calleeId: 'bob' }),
      desk.envelope('bob', { type: 'place_call', calleeId: 'ann' }),
    ];
    const replies = desk.apply(both.map((envelope) => ({ kind: 'command', envelope })));
    expect(replies.map((reply) => reply?.ok === true && reply.call.id)).toEqual(['minted-1', 'minted-1']);
    expect([...desk.calls.values()].map(({ state }) => state)).toEqual(['CONNECTING']);
  });

  it('answers the same id and body again with the first answer, and a conflict for another body or another user', () => {
    const desk = new Desk();
    const command = { type: 'place_call', calleeId: 'bob', callId: 'mine' };
    const first = desk.send('ann', command);
    desk.send('bob', { type: 'reject_call', callId: 'mine' });
    expect(desk.send('ann', command)).toEqual(first);
    expect(codeOf(desk.send('ann', { ...command, callType: 'VIDEO' }))).toBe('conflict');
    expect(codeOf(desk.send('cid', { ...command, calleeId: 'ann' }))).toBe('conflict');
    expect(codeOf(desk.send('cid', { type: 'place_call', calleeId: 'ann', callId: 'history' }))).toBe('conflict');
    expect(desk.calls.size).toBe(1);
  });

  it('under an id that is used is that call as it is now, or a conflict, whatever the request is called', () => {
    const desk = new Desk();
    const command = { type: 'place_call', calleeId: 'bob', callId: 'mine' };
    desk.send('ann', command);
    const again = (more: object, requestId: string) => desk.send('ann', { ...command, ...more }, { requestId });
    expect(again({}, 'r1')).toMatchObject({ ok: true, call: { id: 'mine', state: 'INITIATING' } });
    expect(codeOf(again({ callType: 'VIDEO' }, 'r2'))).toBe('conflict');
    expect(codeOf(again({ channelId: 'another' }, 'r3'))).toBe('conflict');
    desk.now += 60_000;
    expect(again({}, 'r4')).toMatchObject({ ok: true, call: { state: 'MISSED' } });
  });
});

describe('a place to somebody who has blocked the caller', () => {
  it('looks to the caller like one to somebody who is not there, and does not exist for the callee', () => {
    const desk = new Desk();
    desk.blockedBy.set('bob', new Set(['ann']));
    const { id: callId } = desk.place('ann', 'bob');
    expect(desk.events.at(-1)).toMatchObject({ type: 'call_placed', recipients: [] });
    for (const type of ['accept_call', 'reject_call', 'acknowledge_ring'])
      expect(codeOf(desk.send('bob', { type, callId }))).toBe('unauthorized');
    desk.now += 9999;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('INITIATING');
    desk.now += 1;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'REJECTED', reason: 'offline' });
    expect(desk.events.at(-1)).toMatchObject({ type: 'call_rejected', recipients: ['ann'] });
  });

  it('meets neither busy nor glare, and takes no line of the callee', () => {
    const desk = new Desk();
    desk.blockedBy.set('bob', new Set(['ann']));
    desk.place('bob', 'cid');
    expect(desk.place('ann', 'bob').state).toBe('INITIATING');
    const other = new Desk();
    other.blockedBy.set('bob', new Set(['ann']));
    other.place('ann', 'bob');
    expect(other.place('cid', 'bob').state).toBe('INITIATING');
    const glare = new Desk();
    glare.blockedBy.set('bob', new Set(['ann']));
    glare.place('bob', 'ann');
    expect(glare.place('ann', 'bob').state).toBe('INITIATING');
  });
});

describe('a status by its name', () => {
  it('accepts, connects and ends; repeating the current one changes nothing', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const set = (user: string, status: string) => desk.send(user, { type: 'set_status', callId, status });
    expect(codeOf(set('ann', 'CONNECTING'))).toBe('unauthorized');
    expect(codeOf(set('ann', 'ENDED'))).toBe('invalid_status');
    expect(set('bob', 'CONNECTING')).toMatchObject({ ok: true, call: { state: 'CONNECTING', seq: 2 } });
    expect(set('ann', 'CONNECTING')).toMatchObject({ ok: true, call: { state: 'CONNECTING', seq: 2 } });
    expect(set('ann', 'ACTIVE')).toMatchObject({ ok: true, call: { state: 'ACTIVE' } });
    for (const user of ['ann', 'bob']) expect(codeOf(set(user, 'CONNECTING'))).toBe('invalid_status');
    expect(codeOf(set('cid', 'CONNECTING'))).toBe('unauthorized');
    expect(set('bob', 'ENDED')).toMatchObject({ ok: true, call: { state: 'ENDED' } });
    expect(set('ann', 'ENDED')).toMatchObject({ ok: true, call: { seq: 4 } });
    expect(set('ann', 'CONNECTING')).toMatchObject({ ok: false, error: { code: 'invalid_status', status: 'ENDED' } });
    expect(codeOf(set('cid', 'ENDED'))).toBe('unauthorized');
  });
});

describe('a command on a call', () => {
  it('is refused to strangers, to the wrong side and for calls that are not', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    for (const type of ['accept_call', 'reject_call', 'cancel_call', 'end_call', 'acknowledge_ring', 'report_connected']) {
      expect(codeOf(desk.send('cid', { type, callId }))).toBe('unauthorized');
      expect(codeOf(desk.send('ann', { type, callId: 'nowhere' }))).toBe('call_not_found');
    }
    expect(codeOf(desk.send('ann', { type: 'accept_call', callId }))).toBe('unauthorized');
    expect(codeOf(desk.send('bob', { type: 'cancel_call', callId }))).toBe('unauthorized');
    expect(desk.stateOf(callId)).toBe('INITIATING');
  });

  it('that lost is told which state won', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('ann', { type: 'cancel_call', callId });
    expect(desk.send('bob', { type: 'accept_call', callId })).toMatchObject({
      ok: false,
      error: { code: 'invalid_status', status: 'CANCELLED' },
    });
  });

  it('past the ring deadline finds the call MISSED', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob', { ringTimeoutSeconds: 5 });
    desk.now += 5000;
    expect(desk.send('bob', { type: 'accept_call', callId })).toMatchObject({ ok: false, error: { status: 'MISSED' } });
  });

  it('ends an accepted call when the caller cancels without asking, and is refused when it asked', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('bob', { type: 'accept_call', callId });
    expect(desk.send('ann', { type: 'cancel_call', callId })).toMatchObject({ ok: false, error: { status: 'CONNECTING' } });
    expect(codeOf(desk.send('ann', { type: 'cancel_call', callId }, { wantsAnswer: false }))).toBe('ok');
    expect(desk.stateOf(callId)).toBe('ENDED');
  });

  it.each([
    ['ann', 'CANCELLED'],
    ['bob', 'REJECTED'],
  ])('end by %s while ringing means what its side can do, where the app has one button', (user, state) => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    expect(codeOf(desk.send(user, { type: 'end_call', callId }))).toBe('invalid_status');
    expect(codeOf(desk.send(user, { type: 'end_call', callId, whileRinging: 'cancel_or_reject' }))).toBe('ok');
    expect(desk.stateOf(callId)).toBe(state);
  });

  it.each([
    ['bob', ' User busy', 'busy', null],
    ['bob', 'offline', 'unavailable', null],
    ['bob', 'At work', 'declined', 'At work'],
    ['ann', 'Caller cancelled', 'cancelled', null],
    ['ann', 'Wrong number', 'cancelled', 'Wrong number'],
  ] as const)('an end of %s while it rings that says "%s" says it as a reject or a cancel does', (user, text, reason, reasonText) => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send(user, { type: 'end_call', callId, whileRinging: 'cancel_or_reject', reasonText: text });
    expect(desk.calls.get(callId)).toMatchObject({ reason, reasonText });
  });

  it('repeated by the edge after a lost answer changes nothing and is answered as done', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const envelope = desk.envelope('bob', { type: 'accept_call', callId });
    desk.apply([{ kind: 'command', envelope }]);
    const events = desk.events.length;
    const [again] = desk.apply([{ kind: 'command', envelope: { ...envelope, attempt: 2 } }]);
    expect(again).toMatchObject({ ok: true, call: { state: 'CONNECTING' } });
    expect(desk.events).toHaveLength(events);
  });

  it('repeated while its first attempt waited, and decided together with it, is done once and answered as done', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const accept = desk.envelope('bob', { type: 'accept_call', callId });
    const events = desk.events.length;
    const replies = desk.apply([1, 2].map((attempt) => ({ kind: 'command' as const, envelope: { ...accept, attempt } })));
    expect(replies).toMatchObject([
      { ok: true, call: { state: 'CONNECTING' } },
      { ok: true, call: { state: 'CONNECTING' } },
    ]);
    expect(desk.events).toHaveLength(events + 1);
    const signal = desk.envelope('bob', { type: 'relay_signal', callId, signal: { type: 'offer', sdp: 'v=0' } });
    desk.apply([1, 2].map((attempt) => ({ kind: 'command' as const, envelope: { ...signal, attempt } })));
    expect(desk.hints.filter(({ type }) => type === 'call_signal')).toHaveLength(1);
  });

  it('under one requestId is decided once; another body under it is a conflict', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const first = desk.send('bob', { type: 'accept_call', callId }, { requestId: 'r1' });
    desk.send('ann', { type: 'end_call', callId });
    expect(desk.send('bob', { type: 'accept_call', callId }, { requestId: 'r1' })).toEqual(first);
    expect(codeOf(desk.send('bob', { type: 'end_call', callId }, { requestId: 'r1' }))).toBe('conflict');
  });

  it('that was refused stays refused under its requestId', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const refused = desk.send('ann', { type: 'end_call', callId }, { requestId: 'r1' });
    expect(codeOf(refused)).toBe('invalid_status');
    desk.send('bob', { type: 'accept_call', callId });
    expect(desk.send('ann', { type: 'end_call', callId }, { requestId: 'r1' })).toEqual(refused);
  });

  it("keeps what a client measured to the trace, and the server's own duration in the call", () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('bob', { type: 'accept_call', callId });
    desk.now += 25_000;
    const reply = desk.send('ann', { type: 'end_call', callId, claimedDurationSeconds: 9999 });
    expect(reply).toMatchObject({ ok: true, call: { state: 'ENDED', endedBy: 'ann' } });
    expect(reply.ok && durationSeconds(reply.call)).toBe(25);
    expect(desk.traces.at(-1)).toMatchObject({ kind: 'call_ended', detail: { claimedDurationSeconds: 9999 } });
  });
});

describe('the quality of a line', () => {
  it('is passed on to the other participant of a call that stands, and is no step of its life', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const report = (user: string) => desk.send(user, { type: 'report_quality', callId, quality: 'BAD' });
    expect(codeOf(report('ann'))).toBe('invalid_status');
    desk.send('bob', { type: 'accept_call', callId });
    const events = desk.events.length;
    expect(codeOf(report('cid'))).toBe('unauthorized');
    expect(codeOf(report('bob'))).toBe('ok');
    expect(desk.hints).toMatchObject([{ type: 'call_quality_warning', quality: 'BAD', recipients: ['ann'], call: { seq: 2 } }]);
    expect(desk.events).toHaveLength(events);
  });
});

describe('a signal', () => {
  const signal = { type: 'offer', sdp: 'v=0' } as const;

  it('is relayed to the other participant of an answered call, and leaves nothing behind', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    const relay = (user: string) => desk.send(user, { type: 'relay_signal', callId, signal });
    expect(codeOf(relay('ann'))).toBe('invalid_status');
    desk.send('bob', { type: 'accept_call', callId });
    const [events, traces] = [desk.events.length, desk.traces.length];
    expect(codeOf(relay('cid'))).toBe('unauthorized');
    expect(codeOf(relay('ann'))).toBe('ok');
    expect(codeOf(relay('bob'))).toBe('ok');
    expect(desk.hints).toMatchObject([
      { type: 'call_signal', signal, recipients: ['bob'], actor: { userId: 'ann' } },
      { type: 'call_signal', signal, recipients: ['ann'], actor: { userId: 'bob' } },
    ]);
    expect([desk.events.length, desk.traces.length]).toEqual([events, traces]);
    desk.send('ann', { type: 'end_call', callId, whileRinging: 'refuse' });
    expect(codeOf(relay('bob'))).toBe('invalid_status');
  });
});

describe('presence in a call', () => {
  it('is told to the other participant when it changes, and only then', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.leave('ann', callId);
    desk.leave('ann', callId);
    desk.come('ann', callId);
    expect(desk.hints).toMatchObject([
      { type: 'user_offline', actor: { userId: 'ann' }, recipients: ['bob'] },
      { type: 'user_online', actor: { userId: 'ann' }, recipients: ['bob'] },
    ]);
  });

  it('is told of nobody once it is over, and to no callee who has blocked the caller', () => {
    const desk = new Desk();
    const { id: over } = desk.place('ann', 'bob');
    desk.send('ann', { type: 'cancel_call', callId: over });
    desk.leave('ann', over);
    desk.blockedBy.set('bob', new Set(['cid']));
    desk.leave('cid', desk.place('cid', 'bob').id);
    expect(desk.hints).toEqual([]);
    expect(desk.calls.get(over)).toMatchObject({ callerAbsentAt: null });
  });

  it('is not made up by a command over a session that closed, but by one over REST', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('bob', { type: 'accept_call', callId });
    desk.leave('ann', callId);
    desk.send('ann', { type: 'report_connected', callId });
    expect(desk.calls.get(callId)).toMatchObject({ state: 'ACTIVE', callerAbsentAt: desk.now });
    const actor = { userId: 'ann', name: null, avatar: null, role: null, deviceId: null, sessionId: null };
    desk.send('ann', { type: 'report_connected', callId }, { actor });
    expect(desk.calls.get(callId)).toMatchObject({ callerAbsentAt: null });
  });
});

describe('the system', () => {
  const deadlines: readonly [string, string, string, (desk: Desk, id: string) => void][] = [
    [
      'ring_timeout',
      'MISSED',
      'no_response',
      (desk) => {
        desk.now += 60_000;
      },
    ],
    [
      'caller_lost',
      'CANCELLED',
      'caller_lost',
      (desk, id) => {
        desk.leave('ann', id);
        desk.now += 10_000;
      },
    ],
    [
      'unreachable',
      'REJECTED',
      'offline',
      (desk, callId) => {
        desk.present.delete('bob');
        desk.apply([{ kind: 'nobody_heard', callId, calleeId: 'bob' }]);
        desk.now += 5000;
        desk.apply([{ kind: 'nobody_heard', callId, calleeId: 'bob' }]);
        desk.now += 5000;
      },
    ],
    [
      'callee_lost',
      'REJECTED',
      'offline',
      (desk, id) => {
        desk.rung(id, 'bob');
        desk.leave('bob', id);
        desk.now += 10_000;
      },
    ],
    [
      'connect_timeout',
      'FAILED',
      'connect_failed',
      (desk, callId) => {
        desk.send('bob', { type: 'accept_call', callId });
        desk.now += 30_000;
      },
    ],
    [
      'lost',
      'ENDED',
      'lost',
      (desk, callId) => {
        desk.send('bob', { type: 'accept_call', callId });
        desk.leave('ann', callId);
        desk.now += 10_000;
        desk.leave('bob', callId);
        desk.now += 15_000;
      },
    ],
    [
      'max_duration',
      'ENDED',
      'max_duration',
      (desk, callId) => {
        desk.send('bob', { type: 'accept_call', callId });
        desk.send('ann', { type: 'report_connected', callId });
        desk.now += 14_400_000;
      },
    ],
  ];

  it.each(deadlines)('ends a call by %s, not a millisecond early, and says so', (_name, state, reason, prepare) => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    prepare(desk, callId);
    desk.now -= 1;
    desk.apply([{ kind: 'due', callId }]);
    expect(isFinal(desk.calls.get(callId)?.state ?? 'ENDED')).toBe(false);
    desk.now += 1;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state, reason, endedBy: 'system' });
    expect(desk.events.at(-1)?.actor).toEqual({ userId: null, deviceId: null, sessionId: null });
  });

  it('ends a call by its ring deadline where another deadline is the same moment', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob', { ringTimeoutSeconds: 10 });
    desk.leave('ann', callId);
    desk.now += 10_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'MISSED', reason: 'no_response' });
  });

  it('takes no ring for reached that was written past its deadline', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.now += 60_000;
    desk.rung(callId, 'bob');
    expect(desk.stateOf(callId)).toBe('MISSED');
  });

  it('lets an accepted call be that never connects, where nothing else is set', () => {
    const desk = new Desk({ connectTimeoutSeconds: 0 });
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('bob', { type: 'accept_call', callId });
    desk.now += 3_600_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('CONNECTING');
  });

  it('does not take a callee for unreachable while a session of theirs is open, but from when the last one closed', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.present.add('bob');
    desk.apply([{ kind: 'nobody_heard', callId, calleeId: 'bob' }]);
    desk.now += 20_000;
    desk.leave('bob', callId);
    desk.now += 9_999;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('INITIATING');
    desk.now += 1;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'REJECTED', reason: 'offline' });
  });

  it('does not give up a callee who came before the time was over, though nothing has said yet that it rings', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.present.delete('bob');
    desk.apply([{ kind: 'nobody_heard', callId, calleeId: 'bob' }]);
    desk.now += 9_900;
    desk.come('bob', callId);
    desk.now += 200;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('INITIATING');
    desk.leave('bob', callId);
    desk.now += 10_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'REJECTED', reason: 'offline' });
  });

  it('does not give up a callee whom push can ring, until it cannot', () => {
    const desk = new Desk();
    desk.reach.set('bob', { mayRing: true });
    const { id: callId } = desk.place('ann', 'bob');
    desk.apply([{ kind: 'nobody_heard', callId, calleeId: 'bob' }]);
    desk.now += 20_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('INITIATING');
    desk.apply([{ kind: 'pushed', callId }]);
    expect(desk.stateOf(callId)).toBe('RINGING');
    desk.leave('bob', callId);
    desk.now += 20_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('RINGING');
    desk.reach.set('bob', { mayRing: false });
    desk.apply([{ kind: 'reach', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'REJECTED', reason: 'offline' });
  });

  describe('a push target that is registered while it rings', () => {
    const TARGET = 'target';
    const late = (desk: Desk, callId: string, ...before: Input[]) => {
      desk.lateRings.length = 0;
      desk.apply([...before, { kind: 'reach', callId, targetId: TARGET }]);
      return desk.lateRings.map(({ call, targetId, at }) => [call.id, targetId, at]);
    };

    it('is rung, once, however often it is registered', () => {
      const desk = new Desk();
      const { id: callId } = desk.place('ann', 'bob');
      desk.reach.set('bob', { mayRing: true });
      desk.now += 1000;
      expect(late(desk, callId, { kind: 'reach', callId, targetId: TARGET })).toEqual([[callId, TARGET, desk.now]]);
      desk.rung(callId, 'bob');
      expect(late(desk, callId)).toEqual([[callId, TARGET, desk.now]]);
    });

    it('is not rung where push must not ring, the callee hears nothing of the call, or the ring is almost over', () => {
      const desk = new Desk();
      const { id: callId } = desk.place('ann', 'bob');
      desk.reach.set('bob', { mayRing: false });
      expect(late(desk, callId)).toEqual([]);
      desk.reach.set('bob', { mayRing: true });
      desk.now += 57_001;
      expect(late(desk, callId)).toEqual([]);
      desk.blockedBy.set('bob', new Set(['cid']));
      expect(late(desk, desk.place('cid', 'bob').id)).toEqual([]);
    });

    it('is not rung by a call that is answered or over, also by its deadline', () => {
      const desk = new Desk();
      desk.reach.set('bob', { mayRing: true });
      const { id: accepted } = desk.place('ann', 'bob');
      desk.send('bob', { type: 'accept_call', callId: accepted });
      expect(late(desk, accepted)).toEqual([]);
      desk.send('ann', { type: 'end_call', callId: accepted });
      const { id: overdue } = desk.place('ann', 'bob');
      desk.now += 60_000;
      expect(late(desk, overdue)).toEqual([]);
      expect(desk.stateOf(overdue)).toBe('MISSED');
    });

    it('asks for no ring where only the reach has changed', () => {
      const desk = new Desk();
      desk.reach.set('bob', { mayRing: true });
      const { id: callId } = desk.place('ann', 'bob');
      desk.apply([{ kind: 'reach', callId }]);
      expect(desk.lateRings).toEqual([]);
    });
  });

  it('lets a push that arrives after the end change nothing', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.send('ann', { type: 'cancel_call', callId });
    const events = desk.events.length;
    desk.apply([
      { kind: 'pushed', callId },
      { kind: 'reach', callId },
    ]);
    expect([desk.stateOf(callId), desk.events.length]).toEqual(['CANCELLED', events]);
  });

  it('gives up on a blocked caller’s call as if the callee had no device at all', () => {
    const desk = new Desk();
    desk.reach.set('bob', { mayRing: true });
    desk.blockedBy.set('bob', new Set(['ann']));
    const { id: callId } = desk.place('ann', 'bob');
    desk.now += 10_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'REJECTED', reason: 'offline' });
  });

  it('takes a caller who comes back within the grace for present', () => {
    const desk = new Desk();
    const { id: callId } = desk.place('ann', 'bob');
    desk.leave('ann', callId);
    desk.come('ann', callId);
    desk.now += 20_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.stateOf(callId)).toBe('INITIATING');
  });

  it('never takes a REST caller for gone, who has no session', () => {
    const desk = new Desk();
    desk.present.delete('ann');
    const actor = { userId: 'ann', name: null, avatar: null, role: null, deviceId: null, sessionId: null };
    const reply = desk.send('ann', { type: 'place_call', calleeId: 'bob' }, { actor });
    expect(reply).toMatchObject({ ok: true });
    expect([...desk.calls.values()][0]).toMatchObject({ callerAbsentAt: null });
  });

  it('takes a caller for gone whose last session closed before its place was decided', () => {
    const desk = new Desk();
    desk.present.delete('ann');
    const { id: callId } = desk.place('ann', 'bob');
    desk.now += 10_000;
    desk.apply([{ kind: 'due', callId }]);
    expect(desk.calls.get(callId)).toMatchObject({ state: 'CANCELLED', reason: 'caller_lost' });
  });
});

const USERS = ['ann', 'bob', 'cid'] as const;

type Step =
  | { kind: 'place'; user: string; callee: string }
  | { kind: 'act'; user: string; call: number; type: Exclude<Command['type'], 'place_call'>; wantsAnswer: boolean }
  | { kind: 'wait'; milliseconds: number }
  | { kind: 'see'; call: number; what: 'due' | 'nobody_heard' | 'pushed' | 'reach' }
  | { kind: 'leave' | 'come' | 'ring'; user: string; call: number };

const user = fc.constantFrom(...USERS);
const call = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('place'), user, callee: user }),
  fc.record({
    kind: fc.constant('act'),
    user,
    call,
    type: fc.constantFrom('accept_call', 'reject_call', 'cancel_call', 'end_call', 'acknowledge_ring', 'report_connected'),
    wantsAnswer: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('wait'), milliseconds: fc.constantFrom(1, 5000, 10_000, 30_000, 60_000, 14_400_000) }),
  fc.record({ kind: fc.constant('see'), call, what: fc.constantFrom('due', 'nobody_heard', 'pushed', 'reach') }),
  fc.record({ kind: fc.constantFrom('leave', 'come', 'ring'), user, call }),
) as fc.Arbitrary<Step>;

/** What a step hands to the desk; null for what only changes the world around it. */
const inputFor = (desk: Desk, current: Step): Input | null => {
  if (current.kind === 'place')
    return { kind: 'command', envelope: desk.envelope(current.user, { type: 'place_call', calleeId: current.callee }) };
  if (current.kind === 'wait') return null;
  const callId = [...desk.calls.keys()].at(-1 - current.call);
  if (callId === undefined) return null;
  if (current.kind === 'act') {
    const more = { wantsAnswer: current.wantsAnswer };
    return { kind: 'command', envelope: desk.envelope(current.user, { type: current.type, callId }, more) };
  }
  if (current.kind === 'see') return { kind: current.what, callId, calleeId: desk.calls.get(callId)?.calleeId ?? 'nobody' };
  if (current.kind === 'ring') {
    return { kind: 'rung', delivery: Delivery.parse({ kind: 'ring', callId, userId: current.user, deviceId: null, sessionId: 's' }) };
  }
  return { kind: 'presence', callId, userId: current.user };
};

const changeWorld = (desk: Desk, current: Step): void => {
  if (current.kind === 'wait') desk.now += current.milliseconds;
  if (current.kind === 'leave') desk.present.delete(current.user);
  if (current.kind === 'come') desk.present.add(current.user);
};

const expectSequence = (events: readonly CallEvent[]): void => {
  expect(events.map(({ call: { seq } }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.slice(0, -1).filter(({ call: { state } }) => isFinal(state))).toEqual([]);
};

const expectOneOutcomeEach = (desk: Desk): void => {
  for (const record of desk.calls.values()) {
    const events = desk.events.filter(({ call: { id } }) => id === record.id);
    expectSequence(events);
    expect(events.at(-1)?.call.state).toBe(record.state);
    expect(record.endedAt !== null).toBe(isFinal(record.state));
    expect(events.filter(({ call: { state }, ringMsLeft }) => ringMsLeft > 0 && !isRinging(state))).toEqual([]);
  }
};

const expectNobodyTwice = (desk: Desk): void => {
  const live = [...desk.calls.values()].filter(({ endedAt }) => endedAt === null);
  for (const name of USERS) {
    expect(live.filter(({ callerId }) => callerId === name).length).toBeLessThanOrEqual(1);
    expect(live.filter(({ calleeId }) => calleeId === name).length).toBeLessThanOrEqual(1);
  }
};

describe('any sequence of inputs', () => {
  it('gives each call one outcome and one unbroken sequence of events, however it is cut into batches', () => {
    fc.assert(
      fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 20 }), (batches) => {
        const desk = new Desk();
        for (const steps of batches) {
          for (const current of steps) changeWorld(desk, current);
          desk.apply(steps.flatMap((current) => inputFor(desk, current) ?? []));
        }
        expectOneOutcomeEach(desk);
        expectNobodyTwice(desk);
      }),
      { numRuns: 500 },
    );
  });

  it('is decided in a batch as it is decided one by one', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const together = new Desk();
        const alone = new Desk();
        for (const desk of [together, alone]) desk.place('ann', 'bob', { callId: 'first' });
        const inputs = steps.filter(({ kind }) => kind !== 'wait' && kind !== 'leave' && kind !== 'come');
        together.apply(inputs.flatMap((current) => inputFor(together, { ...current, call: 0 } as Step) ?? []));
        for (const input of inputs.flatMap((current) => inputFor(alone, { ...current, call: 0 } as Step) ?? [])) alone.apply([input]);
        expect([...together.calls.values()]).toEqual([...alone.calls.values()]);
        expect(together.events).toEqual(alone.events);
      }),
      { numRuns: 300 },
    );
  });
});
