import { until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushClient } from './push-client.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

let service: RunningCallService;
let client: ReturnType<typeof pushClient>;
let counted = 0;

const LIMITS = { LIMIT_INITIATE_PER_MINUTE: '0', LIMIT_INITIATE_PER_PAIR_PER_MINUTE: '0', LIMIT_REST_PER_MINUTE: '0' };

beforeAll(async () => {
  service = await startRunningCallService(LIMITS);
  client = pushClient(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const people = () => {
  counted += 1;
  return { ann: `ann-${counted}`, bob: `bob-${counted}` };
};

const pushesOf = async (userId: string, type: string) => (await client.pushes(type)).filter(({ user_id }) => user_id === userId);

const ring = async (bob: string, ann: string) => {
  const callId = await client.place(ann, bob);
  const [first, again] = await pushesOf(bob, 'incoming_call');
  if (first === undefined || again === undefined) throw new Error('no ring was queued');
  return first.send_unless === null ? { callId, first, again } : { callId, first: again, again: first };
};

const act = async (userId: string, callId: string, what: string, claims = {}) =>
  (await (await client.as(userId, claims)).post(`/api/v1/calls/${callId}/${what}`, {})).status;

describe('a ring', () => {
  it('is queued for each target of the callee, and its acceptance makes the call ring', async () => {
    const { ann, bob } = people();
    const tokens = [await client.device(bob, 'phone'), await client.device(bob, 'tablet')];
    const callId = await client.place(ann, bob);
    const now = (await pushesOf(bob, 'incoming_call')).filter(({ send_unless }) => send_unless === null);
    const claimed = await client.claim(now);
    expect(claimed.map(({ address }) => 'token' in address && address.token).sort()).toEqual([...tokens].sort());
    expect(claimed[0]).toMatchObject({
      attempt: 1,
      language: 'en',
      content: { type: 'incoming_call', callId, callerId: ann, callerName: `${ann}’s name`, callType: 'AUDIO', channelId: callId },
      collapseKey: callId,
    });
    expect(claimed[0]?.expiresInMs).toBeGreaterThan(50_000);
    expect(await client.stateOf(callId)).toBe('INITIATING');
    await client.report({ outcome: 'accepted', id: claimed[0]?.id, attempt: 1, providerId: 'projects/x/messages/7' });
    expect(await client.stateOf(callId)).toBe('RINGING');
    const trace = await client.traceOf(callId);
    expect(trace.filter(({ kind }) => kind === 'push_queued')).toHaveLength(4);
    expect(trace.find(({ kind }) => kind === 'push_accepted')?.detail).toMatchObject({ providerId: 'projects/x/messages/7' });
  });

  it('is not claimed once the call is over', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId, first } = await ring(bob, ann);
    await act(ann, callId, 'cancel');
    expect(await client.claim([first])).toEqual([]);
    expect((await pushesOf(bob, 'incoming_call')).map(({ status }) => status)).toEqual(['dropped', 'dropped']);
  });

  it('goes again to a device that did not acknowledge it, and not to one that did', async () => {
    const { ann, bob } = people();
    await client.device(bob, 'phone');
    await client.device(bob, 'tablet');
    const callId = await client.place(ann, bob);
    await service.database.query(
      `INSERT INTO call_trace (call_id, at, kind, user_id, device_id) VALUES ($1, now(), 'ring_acknowledged', $2, 'phone')`,
      [callId, bob],
    );
    const again = (await pushesOf(bob, 'incoming_call')).filter(({ send_unless }) => send_unless === 'device_acknowledged');
    const claimed = await client.claim(again);
    expect(claimed).toHaveLength(1);
    const kept = await service.database.query<{ device_id: string }>(
      'SELECT device_id FROM push_targets t JOIN pushes p ON p.target_id = t.id WHERE p.id = $1',
      [claimed[0]?.id],
    );
    expect(kept).toEqual([{ device_id: 'tablet' }]);
    expect((await client.traceOf(callId)).find(({ kind }) => kind === 'push_dropped')?.detail).toMatchObject({ why: 'acknowledged' });
  });

  it('goes not again to an only target where a device without a name has acknowledged it', async () => {
    const { ann, bob } = people();
    await client.device(bob, 'phone');
    const callId = await client.place(ann, bob);
    await service.database.query(`INSERT INTO call_trace (call_id, at, kind, user_id) VALUES ($1, now(), 'ring_acknowledged', $2)`, [
      callId,
      bob,
    ]);
    const again = (await pushesOf(bob, 'incoming_call')).filter(({ send_unless }) => send_unless === 'device_acknowledged');
    expect([again.length, await client.claim(again)]).toEqual([1, []]);
  });

  it('of a blocked caller is not pushed', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    await (await client.as(bob)).request('PUT', `/api/v1/users/me/blocks/${ann}`);
    await client.place(ann, bob);
    expect(await pushesOf(bob, 'incoming_call')).toEqual([]);
  });

  it('is not pushed to who switched calls off', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    await (await client.as(bob)).request('PUT', '/v1/notifications/preferences', { calls: false });
    const callId = await client.place(ann, bob);
    await act(ann, callId, 'cancel');
    expect([...(await pushesOf(bob, 'incoming_call')), ...(await pushesOf(bob, 'call_cancelled'))]).toEqual([]);
  });
});

describe('a stop', () => {
  it('is queued with its reason when the caller cancels', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId } = await ring(bob, ann);
    await act(ann, callId, 'cancel');
    const stops = await pushesOf(bob, 'call_cancelled');
    expect(stops.map(({ content }) => content)).toEqual([
      { type: 'call_cancelled', callId, callerId: ann, callerName: `${ann}’s name`, reason: 'cancelled' },
    ]);
    expect(await client.claim(stops)).toMatchObject([{ collapseKey: callId }]);
  });

  it('waits while its ring is on the way, and goes when the ring has its result', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId, first } = await ring(bob, ann);
    expect(await client.claim([first])).toHaveLength(1);
    await act(ann, callId, 'cancel');
    const [stop] = await pushesOf(bob, 'call_cancelled');
    expect(await client.claim(stop === undefined ? [] : [stop])).toEqual([]);
    await client.report({ outcome: 'accepted', id: first.id, attempt: 1, providerId: null });
    const [released] = await pushesOf(bob, 'call_cancelled');
    expect(await client.claim(released === undefined ? [] : [released])).toMatchObject([{ content: { reason: 'cancelled' } }]);
    expect(await client.stateOf(callId)).toBe('CANCELLED');
  });

  it('does not go to the device that accepted', async () => {
    const { ann, bob } = people();
    await client.device(bob, 'phone');
    const tablet = await client.device(bob, 'tablet');
    const callId = await client.place(ann, bob);
    expect(await act(bob, callId, 'accept', { deviceId: 'phone' })).toBe(200);
    const claimed = await client.claim(await pushesOf(bob, 'call_cancelled'));
    expect(claimed).toMatchObject([{ address: { token: tablet }, content: { reason: 'answered_elsewhere' } }]);
  });

  it('does not go to an only target when a device without a name accepted, and goes to both of two', async () => {
    const one = people();
    await client.device(one.bob, 'phone');
    await act(one.bob, await client.place(one.ann, one.bob), 'accept');
    expect(await pushesOf(one.bob, 'call_cancelled')).toEqual([]);
    const two = people();
    await client.device(two.bob, 'phone');
    await client.device(two.bob, 'tablet');
    await act(two.bob, await client.place(two.ann, two.bob), 'accept');
    expect(await pushesOf(two.bob, 'call_cancelled')).toHaveLength(2);
  });

  it('goes out when a device declined', async () => {
    const { ann, bob } = people();
    await client.device(bob, 'phone');
    const { callId } = await ring(bob, ann);
    await act(bob, callId, 'reject');
    expect(await pushesOf(bob, 'call_cancelled')).toMatchObject([{ content: { reason: 'declined_elsewhere' } }]);
  });

  it('and a missed call are told of when the caller gave up', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId } = await ring(bob, ann);
    await act(ann, callId, 'cancel');
    expect(await pushesOf(bob, 'call_cancelled')).toMatchObject([{ content: { reason: 'cancelled' } }]);
    expect(await pushesOf(bob, 'missed_call')).toMatchObject([{ content: { callerId: ann } }]);
  });

  it('goes before the missed call, which waits for it', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId } = await ring(bob, ann);
    await act(ann, callId, 'cancel');
    const missed = async () => client.claim(await pushesOf(bob, 'missed_call'));
    expect(await missed()).toEqual([]);
    const [stop] = await client.claim(await pushesOf(bob, 'call_cancelled'));
    expect(await missed()).toEqual([]);
    await client.report({ outcome: 'accepted', id: stop?.id as string, attempt: 1, providerId: null });
    expect(await missed()).toMatchObject([{ content: { type: 'missed_call' } }]);
  });

  it('lets a missed call that waited for it go as soon as it is out, not when it would have been looked for again', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId } = await ring(bob, ann);
    await act(ann, callId, 'cancel');
    // As when the jobs of both were lost, and came again together.
    await service.database.query(`UPDATE pushes SET created_at = created_at - interval '2 seconds', attempt = 2 WHERE call_id = $1`, [
      callId,
    ]);
    const [stop] = await client.claim(await pushesOf(bob, 'call_cancelled'));
    expect(await client.claim(await pushesOf(bob, 'missed_call'))).toEqual([]);
    await client.report({ outcome: 'accepted', id: stop?.id as string, attempt: stop?.attempt as number, providerId: null });
    expect(await pushesOf(bob, 'missed_call')).toMatchObject([{ attempt: 3, status: 'queued' }]);
    expect(await client.claim(await pushesOf(bob, 'missed_call'))).toMatchObject([{ content: { type: 'missed_call' } }]);
  });

  it('and a missed call are told of when nobody answered', async () => {
    const { ann, bob } = people();
    await client.device(bob);
    const { callId } = await ring(bob, ann);
    await service.database.query(`UPDATE calls SET ring_deadline_at = now(), due_at = now() WHERE id = $1`, [callId]);
    await service.post('due', {});
    // The sweep may have had the call in hand already, and be about to commit.
    await until('the call is missed', async () => (await pushesOf(bob, 'missed_call')).length === 1);
    expect(await pushesOf(bob, 'call_cancelled')).toMatchObject([{ content: { reason: 'no_response' } }]);
  });
});

describe('who can be rung by push', () => {
  const goneSince = (callId: string) =>
    service.database.query(`UPDATE calls SET unreachable_since = now() - interval '1 hour', due_at = now() WHERE id = $1`, [callId]);

  it('is not unreachable, until the last target is gone', async () => {
    const { ann, bob } = people();
    const token = await client.device(bob);
    const { callId, first } = await ring(bob, ann);
    await goneSince(callId);
    await service.post('due', {});
    expect(await client.stateOf(callId)).toBe('INITIATING');
    await client.claim([first]);
    await client.report({ outcome: 'target_gone', id: first.id, attempt: 1, error: 'UNREGISTERED' });
    expect(await client.stateOf(callId)).toBe('REJECTED');
    expect(await service.database.query('SELECT FROM push_targets WHERE address = $1', [token])).toEqual([]);
  });

  it('is not any more once the only target has become somebody else’s', async () => {
    const { ann, bob } = people();
    const token = await client.device(bob);
    const callId = await client.place(ann, bob);
    await goneSince(callId);
    await client.device(people().bob, null, token);
    expect(await client.stateOf(callId)).toBe('REJECTED');
  });

  it('comes within reach by registering', async () => {
    const { ann, bob } = people();
    const callId = await client.place(ann, bob);
    await service.database.query(`UPDATE calls SET unreachable_since = now() WHERE id = $1`, [callId]);
    await client.device(bob);
    await goneSince(callId);
    await service.post('due', {});
    expect(await client.stateOf(callId)).toBe('INITIATING');
  });
});

describe('a target that is registered while it rings', () => {
  const ringsOf = async (bob: string) => (await pushesOf(bob, 'incoming_call')).filter(({ send_unless }) => send_unless === null);

  it('is rung with the time that is left, as the trace says, and its acceptance makes the call ring', async () => {
    const { ann, bob } = people();
    const callId = await client.place(ann, bob, { ringTimeoutSeconds: 30 });
    const token = await client.device(bob, 'phone');
    const [claimed] = await client.claim(await ringsOf(bob));
    expect(claimed).toMatchObject({
      content: { type: 'incoming_call', callId, callerId: ann, callerName: `${ann}’s name` },
      collapseKey: callId,
    });
    expect(claimed?.address).toMatchObject({ token });
    expect(claimed?.expiresInMs).toBeGreaterThan(20_000);
    expect(claimed?.expiresInMs).toBeLessThanOrEqual(30_000);
    const queued = (await client.traceOf(callId)).filter(({ kind }) => kind === 'push_queued');
    expect(queued.map(({ device_id, detail }) => [device_id, detail?.['type']])).toEqual(Array(2).fill(['phone', 'incoming_call']));
    await client.report({ outcome: 'accepted', id: claimed?.id, attempt: 1, providerId: null });
    expect(await client.stateOf(callId)).toBe('RINGING');
  });

  it('is not rung twice, however often it is registered, and neither is one that rings already', async () => {
    const { ann, bob } = people();
    const first = await client.device(bob, 'phone');
    await client.place(ann, bob);
    const second = await client.device(bob, 'tablet');
    await Promise.all([first, second, second].map((token) => client.device(bob, null, token)));
    expect(await ringsOf(bob)).toHaveLength(2);
    const history = await (await client.as(bob)).get('/v1/notifications/history');
    expect(history.body.items).toMatchObject([{ type: 'incoming_call', targets: 2 }]);
  });

  it('is rung in the place of one whose provider knew it no more', async () => {
    const { ann, bob } = people();
    await client.device(bob, 'phone');
    const { first } = await ring(bob, ann);
    await client.claim([first]);
    await client.report({ outcome: 'target_gone', id: first.id, attempt: 1, error: 'UNREGISTERED' });
    const token = await client.device(bob, 'phone');
    expect(await client.claim(await ringsOf(bob))).toMatchObject([{ address: { token } }]);
  });

  it('and was another user’s is rung for its new one, and no more for the former', async () => {
    const [one, two] = [people(), people()];
    const token = await client.device(one.bob, 'phone');
    const { first } = await ring(one.bob, one.ann);
    const callId = await client.place(two.ann, two.bob);
    await client.device(two.bob, 'phone', token);
    expect(await client.claim([first])).toEqual([]);
    expect(await client.claim(await ringsOf(two.bob))).toMatchObject([{ address: { token }, content: { callId } }]);
  });

  it('is stopped like the others, and not rung any more then', async () => {
    const { ann, bob } = people();
    const callId = await client.place(ann, bob);
    const token = await client.device(bob, 'phone');
    const rings = await ringsOf(bob);
    expect(rings).toHaveLength(1);
    await act(ann, callId, 'cancel');
    expect(await client.claim(rings)).toEqual([]);
    expect(await client.claim(await pushesOf(bob, 'call_cancelled'))).toMatchObject([
      { address: { token }, content: { reason: 'cancelled' } },
    ]);
    await client.device(bob, 'tablet');
    expect((await pushesOf(bob, 'incoming_call')).map(({ status }) => status)).toEqual(['dropped', 'dropped']);
  });

  it('is not rung for who switched calls off, nor for a blocked caller', async () => {
    const { ann, bob } = people();
    await (await client.as(bob)).request('PUT', '/v1/notifications/preferences', { calls: false });
    await client.place(ann, bob);
    await client.device(bob);
    const other = people();
    await (await client.as(other.bob)).request('PUT', `/api/v1/users/me/blocks/${other.ann}`);
    await client.place(other.ann, other.bob);
    await client.device(other.bob);
    expect([...(await pushesOf(bob, 'incoming_call')), ...(await pushesOf(other.bob, 'incoming_call'))]).toEqual([]);
  });

  it('at the very moment of a call or of its end is rung and stopped, or neither', async () => {
    const callers = Array.from({ length: 30 }, people);
    const one = async ({ ann, bob }: ReturnType<typeof people>) => {
      const [callId] = await Promise.all([client.place(ann, bob), client.device(bob)]);
      const rung = (await ringsOf(bob)).length;
      await Promise.all([act(ann, callId, 'cancel'), client.device(bob)]);
      return rung;
    };
    expect(await Promise.all(callers.map(one))).toEqual(callers.map(() => 1));
    const left = await service.database.query(
      `SELECT FROM pushes ring WHERE type = 'incoming_call' AND user_id = ANY ($1::text[]) AND (status = 'queued' OR NOT EXISTS
        (SELECT FROM pushes stop WHERE stop.type = 'call_cancelled' AND stop.call_id = ring.call_id AND stop.target_id = ring.target_id))`,
      [callers.map(({ bob }) => bob)],
    );
    expect(left).toEqual([]);
  });
});

describe('with PUSH_RING=when_unacknowledged', () => {
  it('a ring is pushed when no device has acknowledged it in time', async () => {
    await using patient = await startRunningCallService({ ...LIMITS, PUSH_RING: 'when_unacknowledged', PUSH_ESCALATE_MS: '60000' });
    const other = pushClient(patient);
    await other.device('bob');
    const callId = await other.place('ann', 'bob', { ringTimeoutSeconds: 120 });
    const [push] = await other.pushes('incoming_call');
    if (push === undefined) throw new Error('no ring was queued');
    expect(await other.claim([push])).toHaveLength(1);
    await patient.database.query(`INSERT INTO call_trace (call_id, at, kind, user_id) VALUES ($1, now(), 'ring_acknowledged', 'bob')`, [
      callId,
    ]);
    await patient.database.query('UPDATE pushes SET claimed_until = NULL, claimed_attempt = NULL');
    expect(await other.claim([push])).toEqual([]);
  });

  it('a target that is registered meanwhile waits for an acknowledgement too', async () => {
    await using patient = await startRunningCallService({ ...LIMITS, PUSH_RING: 'when_unacknowledged', PUSH_ESCALATE_MS: '60000' });
    const other = pushClient(patient);
    await other.place('ann', 'bob');
    await other.device('bob');
    expect(await other.pushes('incoming_call')).toMatchObject([{ send_unless: 'acknowledged' }]);
  });
});
