import type { Outcome } from '../calls/world.ts';
import type { Transaction } from '../database/database.ts';
import { callPushes, lateRingOrders, type PushPolicy } from './call-pushes.ts';
import { type QueuedPush, queuePushes } from './queue-pushes.ts';

/** A ring that a notifier has in hand may still go out: its claim stays, and the stop waits for it. */
export const DROP_RINGS = {
  name: 'drop_rings',
  text: `UPDATE pushes SET status = 'dropped', error = 'call_over', done_at = clock_timestamp(), due_at = NULL
    WHERE id IN (SELECT id FROM pushes WHERE call_id = ANY ($1::text[]) AND type = 'incoming_call' AND status = 'queued'
      ORDER BY id FOR UPDATE)`,
};

const NONE: Promise<QueuedPush[]> = Promise.resolve([]);

/** Queues the rings and stops that go with a batch, without waiting: the commit travels right behind. */
export const queueCallPushes = (transaction: Transaction, outcome: Outcome, policy: PushPolicy): Promise<QueuedPush[]> => {
  const { events, reach, lateRings } = outcome;
  const orders = [...callPushes(events, reach, policy), ...lateRingOrders(lateRings, policy)];
  if (orders.length === 0) return NONE;
  const stopped = orders.flatMap(({ content }) => (content.type === 'call_cancelled' ? [content.callId] : []));
  if (stopped.length > 0) transaction.send(DROP_RINGS, [stopped]);
  return queuePushes(transaction, orders);
};
