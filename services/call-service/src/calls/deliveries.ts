import type { Delivery } from '@trunkline/contract';
import type { Database } from '../database/database.ts';
import { type Decider, decideSurely } from './decider.ts';

const NOTE_STOPS = {
  name: 'note_stops',
  text: `INSERT INTO call_trace (call_id, at, kind, user_id, device_id, session_id)
    SELECT call_id, clock_timestamp(), 'stop_sent', user_id, device_id, session_id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS sent (call_id, user_id, device_id, session_id)`,
};

const noteStops = async (database: Database, stops: readonly Delivery[]): Promise<void> => {
  if (stops.length === 0) return;
  const column = (key: 'callId' | 'userId' | 'deviceId' | 'sessionId') => stops.map((stop) => stop[key]);
  await database.query(NOTE_STOPS, [column('callId'), column('userId'), column('deviceId'), column('sessionId')]);
};

/** Keeps what gateways told sessions: a written ring makes the call RINGING; a stop that the session got need not be sent again. */
export const noteDeliveries = async (
  database: Database,
  decider: Pick<Decider, 'decide'>,
  deliveries: readonly Delivery[],
): Promise<void> => {
  const rings = deliveries.filter(({ kind }) => kind === 'ring');
  const stops = deliveries.filter(({ kind }) => kind === 'stop');
  await Promise.all([...rings.map((delivery) => decideSurely(decider, { kind: 'rung', delivery })), noteStops(database, stops)]);
};
