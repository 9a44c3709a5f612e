import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CallEventType, isServerEvent, ServerEvent } from './events.ts';
import { hasShapeOf } from './has-shape-of.ts';

const CALL = {
  ...{ id: 'C-1', callerId: 'ana', callerName: 'Ana', callerAvatar: null, calleeId: 'ben', calleeAlias: null, callType: 'AUDIO' },
  ...{ channelId: 'room', state: 'REJECTED', seq: 3, reason: 'declined', reasonText: 'Not now', endedBy: 'ben' },
  ...{ answeredByDevice: 'd-1', answeredBySession: null, createdAt: 1, updatedAt: 2.5, ringDeadlineAt: 60_001 },
  ...{ acceptedAt: null, endedAt: 2.5 },
};
const EVENT = {
  ...{ id: 'C-1.3', type: 'call_rejected', at: 2.5, ringMsLeft: 0, recipients: ['ana', 'ben'], call: CALL },
  actor: { userId: 'ben', deviceId: 'd-1', sessionId: null },
};
const WITH_ALL = { ...EVENT, merged: true, quality: 'BAD', signal: { type: 'offer', sdp: 'v=0' } };

/** Each field that is anywhere in it, by the names that lead there. */
const pathsIn = (value: unknown): string[][] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, inner]) => [[name], ...pathsIn(inner).map((path) => [name, ...path])]);

/** The same with another value at that place; `undefined`, which no JSON has, takes the field away. */
const withAt = (value: object, [name = '', ...rest]: string[], other: unknown): unknown => {
  const old = (value as Record<string, unknown>)[name];
  const changed = { ...value, [name]: rest.length === 0 ? other : withAt(old as object, rest, other) };
  return Array.isArray(value) ? Object.values(changed) : changed;
};

const accepts = (event: unknown): boolean => ServerEvent.safeParse(event).success;

describe('an event', () => {
  it.each(CallEventType.options)('of type %s passes as it is', (type) => {
    expect([isServerEvent({ ...EVENT, type }), isServerEvent({ ...WITH_ALL, type })]).toEqual([true, true]);
  });

  it.each(pathsIn(WITH_ALL).map((path) => [path.join('.'), path] as const))(
    'of which %s is another passes where the schema lets it pass, and nowhere else',
    (_where, path) => {
      for (const other of [undefined, null, 'word', 1, true, [], {}, ['word'], [null]]) {
        const event = withAt(WITH_ALL, path, other);
        expect([other, isServerEvent(event)]).toEqual([other, accepts(event)]);
      }
    },
  );

  it.each([null, undefined, 'word', 1, [], {}, [EVENT]])('is not %j', (said) => {
    expect(isServerEvent(said)).toBe(false);
  });

  it('of a later version passes with what it has more, but for a type that is not known', () => {
    expect(isServerEvent({ ...EVENT, more: 1, call: { ...CALL, more: 1 } })).toBe(true);
    expect(isServerEvent({ ...EVENT, type: 'call_paused' })).toBe(false);
  });
});

it('what is within a text or a number is believed', () => {
  const isPlace = hasShapeOf(z.object({ id: z.string().min(2), seq: z.int() }));
  expect([isPlace({ id: '', seq: 0.5 }), isPlace({ id: 1, seq: 1 }), isPlace({ id: '' })]).toEqual([true, false, false]);
});

it('a schema of another kind is asked itself', () => {
  const isEven = hasShapeOf(z.object({ even: z.union([z.literal(2), z.literal(4)]) }));
  expect([isEven({ even: 2 }), isEven({ even: 3 })]).toEqual([true, false]);
});
