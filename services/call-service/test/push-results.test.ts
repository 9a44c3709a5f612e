import { randomUUID } from 'node:crypto';
import { until } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushClient } from './push-client.ts';
import { type RunningCallService, startRunningCallService } from './running-call-service.ts';

let service: RunningCallService;
let client: ReturnType<typeof pushClient>;

beforeAll(async () => {
  service = await startRunningCallService({ LIMIT_INITIATE_PER_MINUTE: '0', LIMIT_REST_PER_MINUTE: '0' });
  client = pushClient(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const pushOf = async (id: string) => {
  const [row] = await service.database.query<{
    status: string;
    attempt: number;
    error: string | null;
    provider_id: string | null;
    wait: number;
  }>('SELECT *, extract(epoch FROM due_at - clock_timestamp())::float8 AS wait FROM pushes WHERE id = $1', [id]);
  if (row === undefined) throw new Error('there is no such push');
  return row;
};

/** A ring that a notifier has in hand. */
const claimedRing = async (token?: string) => {
  const bob = `bob-${randomUUID()}`;
  await client.device(bob, null, token);
  const callId = await client.place(`ann-${randomUUID()}`, bob);
  const [push] = (await client.pushes('incoming_call')).filter(({ user_id, send_unless }) => user_id === bob && send_unless === null);
  if (push === undefined) throw new Error('no ring was queued');
  expect(await client.claim([push])).toHaveLength(1);
  return { bob, callId, id: push.id };
};

describe('a result', () => {
  it('is recorded once, however often it is sent', async () => {
    const { id, callId } = await claimedRing();
    const accepted = { outcome: 'accepted', id, attempt: 1, providerId: 'message-7' };
    for (let time = 0; time < 3; time += 1) expect(await client.report(accepted)).toBe(200);
    await client.report({ outcome: 'failed', id, attempt: 1, error: 'too late' });
    expect(await pushOf(id)).toMatchObject({ status: 'accepted', provider_id: 'message-7', error: null });
    const accepts = (await client.traceOf(callId)).filter(({ kind }) => kind === 'push_accepted');
    expect(accepts).toHaveLength(1);
  });

  it('that a provider accepted it counts also when the next attempt is queued by then', async () => {
    const { id } = await claimedRing();
    await service.database.query('UPDATE pushes SET attempt = 2, claimed_attempt = NULL, claimed_until = NULL WHERE id = $1', [id]);
    await client.report({ outcome: 'failed', id, attempt: 1, error: 'too late' });
    expect(await pushOf(id)).toMatchObject({ status: 'queued' });
    await client.report({ outcome: 'accepted', id, attempt: 1, providerId: 'message-8' });
    expect(await pushOf(id)).toMatchObject({ status: 'accepted', provider_id: 'message-8' });
  });

  it('of a push that nobody knows is no error', async () => {
    expect(await client.report({ outcome: 'accepted', id: randomUUID(), attempt: 1, providerId: null })).toBe(200);
  });

  it('that failed says why, in the trace too', async () => {
    const { id, callId } = await claimedRing();
    await client.report({ outcome: 'failed', id, attempt: 1, error: 'INVALID_ARGUMENT' });
    expect(await pushOf(id)).toMatchObject({ status: 'failed', error: 'INVALID_ARGUMENT' });
    expect((await client.traceOf(callId)).find(({ kind }) => kind === 'push_failed')?.detail).toMatchObject({ why: 'INVALID_ARGUMENT' });
  });

  it('to be tried again waits as long as the provider asked, under the next attempt', async () => {
    const { id } = await claimedRing();
    await client.report({ outcome: 'retry', id, attempt: 1, error: '503', retryAfterMs: 20_000 });
    const retried = await pushOf(id);
    expect(retried).toMatchObject({ status: 'queued', attempt: 2, error: '503' });
    expect(retried.wait).toBeGreaterThan(20);
    expect(await client.claim([{ id, attempt: 2 }])).toHaveLength(1);
    await client.report({ outcome: 'accepted', id, attempt: 2, providerId: null });
    expect((await pushOf(id)).status).toBe('accepted');
  });

  it('to be tried again after its time is over is the last one', async () => {
    const { id } = await claimedRing();
    await client.report({ outcome: 'retry', id, attempt: 1, error: '503', retryAfterMs: 120_000 });
    expect((await pushOf(id)).status).toBe('expired');
  });
});

describe('a claim', () => {
  it('is refused to others until it lapses, and given again to the same attempt', async () => {
    const { id } = await claimedRing();
    expect(await client.claim([{ id, attempt: 2 }])).toEqual([]);
    expect(await client.claim([{ id, attempt: 1 }])).toHaveLength(1);
    await service.database.query('UPDATE pushes SET claimed_until = now() WHERE id = $1', [id]);
    expect(await client.claim([{ id, attempt: 2 }])).toHaveLength(1);
    await client.report({ outcome: 'retry', id, attempt: 1, error: 'of a worker that was taken for dead', retryAfterMs: null });
    expect((await pushOf(id)).attempt).toBe(1);
  });

  it('is refused when it is done, expired, or unknown', async () => {
    const { id } = await claimedRing();
    await client.report({ outcome: 'accepted', id, attempt: 1, providerId: null });
    const { id: late } = await claimedRing();
    await service.database.query('UPDATE pushes SET expires_at = now(), claimed_until = NULL, claimed_attempt = NULL WHERE id = $1', [
      late,
    ]);
    const asked = [id, late, randomUUID()].map((one) => ({ id: one, attempt: 1 }));
    expect(await client.claim(asked)).toEqual([]);
    expect((await pushOf(late)).status).toBe('expired');
  });
});

describe('at the same time', () => {
  it('many attempts claim a push and one gets it', async () => {
    const bob = `bob-${randomUUID()}`;
    await client.device(bob);
    await client.place(`ann-${randomUUID()}`, bob);
    const [push] = (await client.pushes('incoming_call')).filter(({ user_id, send_unless }) => user_id === bob && send_unless === null);
    const claims = Array.from({ length: 12 }, (_, index) => client.claim([{ id: push?.id ?? '', attempt: index + 1 }]));
    expect((await Promise.all(claims)).flat()).toHaveLength(1);
  });

  it('a ring is claimed and cancelled: its stop never goes while the ring may be on its way', async () => {
    const race = async (): Promise<void> => {
      const [ann, bob] = [`ann-${randomUUID()}`, `bob-${randomUUID()}`];
      await client.device(bob);
      const callId = await client.place(ann, bob);
      const own = async (type: string) => (await client.pushes(type)).filter(({ user_id }) => user_id === bob);
      const rings = (await own('incoming_call')).filter(({ send_unless }) => send_unless === null);
      const cancel = (await client.as(ann)).post(`/api/v1/calls/${callId}/cancel`, {});
      const [claimed] = await Promise.all([client.claim(rings), cancel]);
      expect(await client.claim(await own('call_cancelled'))).toHaveLength(claimed.length === 0 ? 1 : 0);
      if (claimed[0] !== undefined) {
        await client.report({ outcome: 'accepted', id: claimed[0].id, attempt: 1, providerId: null });
        expect(await client.claim(await own('call_cancelled'))).toHaveLength(1);
      }
      expect(await client.stateOf(callId)).toBe('CANCELLED');
    };
    await Promise.all(Array.from({ length: 30 }, race));
  });
});

describe('a target that is gone', () => {
  const targetsAt = (address: string) => service.database.query('SELECT FROM push_targets WHERE address = $1', [address]);

  it('is removed', async () => {
    const token = `gone-${randomUUID()}`;
    const { id } = await claimedRing(token);
    await client.report({ outcome: 'target_gone', id, attempt: 1, error: 'UNREGISTERED' });
    expect(await targetsAt(token)).toHaveLength(0);
    expect(await pushOf(id)).toMatchObject({ status: 'failed', error: 'UNREGISTERED' });
  });

  it('stays when it has been registered anew meanwhile', async () => {
    const token = `anew-${randomUUID()}`;
    const { id, bob } = await claimedRing(token);
    await client.device(bob, null, token);
    await client.report({ outcome: 'target_gone', id, attempt: 1, error: 'UNREGISTERED' });
    expect(await targetsAt(token)).toHaveLength(1);
  });

  it('stays when it is another user’s by now, who gets nothing that was meant for the former one', async () => {
    const token = `moved-${randomUUID()}`;
    const { id } = await claimedRing(token);
    await client.device('the-next-user', null, token);
    await client.report({ outcome: 'target_gone', id, attempt: 1, error: 'UNREGISTERED' });
    expect(await targetsAt(token)).toHaveLength(1);
    const waiting = await client.pushes('incoming_call');
    expect(await client.claim(waiting.filter(({ status, send_unless }) => status === 'queued' && send_unless !== null))).not.toContainEqual(
      expect.objectContaining({ address: expect.objectContaining({ token }) }),
    );
  });
});

it('what has no result is enqueued again under the next attempt, what nobody wants any more is done with', async () => {
  const { id } = await claimedRing();
  const { id: late, callId } = await claimedRing();
  await service.database.query('UPDATE pushes SET due_at = now(), claimed_until = now() WHERE id = ANY ($1)', [[id, late]]);
  await service.database.query('UPDATE pushes SET expires_at = now() WHERE id = $1', [late]);
  await until('the sweep has seen both', async () => (await pushOf(id)).attempt > 1 && (await pushOf(late)).status === 'expired');
  expect(await pushOf(id)).toMatchObject({ status: 'queued', attempt: 2 });
  expect((await client.traceOf(callId)).find(({ kind }) => kind === 'push_failed')?.detail).toMatchObject({ why: 'expired' });
});
