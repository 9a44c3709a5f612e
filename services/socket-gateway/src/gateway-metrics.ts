import type { Subscriber } from '@trunkline/bus';
import type { CloseReason } from '@trunkline/contract';
import { LATENCY_BUCKETS, type MetricsOf, type MetricTable, READINESS_METRICS } from '@trunkline/service-kit';
import { chattrix } from './dialects/chattrix.ts';
import { onlycare } from './dialects/onlycare.ts';
import { otomo } from './dialects/otomo.ts';
import { otsy } from './dialects/otsy.ts';
import type { Sessions } from './sessions.ts';
import type { NotLetIn } from './transports/transport.ts';

/** Everything that a gateway counts. Names of commands, events and reasons are the contract's. */
export const GATEWAY_METRICS = {
  ...READINESS_METRICS,
  connections: {
    type: 'gauge',
    name: 'trunkline_connections',
    help: 'Connections that are open, from their admission on; `otsy` are those of `/chat`',
    labels: ['dialect'],
  },
  connectionsOpened: {
    type: 'counter',
    name: 'trunkline_connections_opened_total',
    help: 'Connections that were let in',
    labels: ['dialect'],
  },
  connectionCloses: {
    type: 'counter',
    name: 'trunkline_connection_closes_total',
    help: 'Connections that ended, by the name of our close code, or `client_left` where the client or the network ended it',
    labels: ['dialect', 'reason'],
  },
  connectionErrors: {
    type: 'counter',
    name: 'trunkline_connection_errors_total',
    help: 'Attempts to connect that were refused: the name of a close code; `unavailable` where the keys of tokens could not be had, `given_up` where others came before it signed in',
    labels: ['reason'],
  },
  slowConsumers: {
    type: 'gauge',
    name: 'trunkline_slow_consumers',
    help: 'Connections for which more than 64 KiB wait to be written; past 1 MiB one is closed (`too_slow`)',
    labels: [],
  },
  commands: {
    type: 'counter',
    name: 'trunkline_commands_total',
    help: 'Frames of clients that were answered, by command (`nothing` where a frame asks for none, `unreadable` where it could not be understood) and outcome: `ok`, or the error code',
    labels: ['command', 'dialect', 'outcome'],
  },
  commandSeconds: {
    type: 'histogram',
    name: 'trunkline_command_seconds',
    help: 'From a frame received to its answer written, for commands that went to call-service',
    labels: ['command'],
    buckets: LATENCY_BUCKETS,
  },
  commandsOverLimit: {
    type: 'counter',
    name: 'trunkline_commands_over_limit_total',
    help: 'Frames past a limit on one connection: `soft` is a tenth of LIMIT_COMMANDS_PER_SECOND and let through, `hard` is refused, `flood` closes',
    labels: ['dialect', 'limit'],
  },
  events: {
    type: 'counter',
    name: 'trunkline_events_total',
    help: 'Events that came for a session: `written`, `unwritten` (the socket was closing), `repeated` (seen before), `untold` (nothing to tell this viewer), `over` (a ring too late), `stale` (asked for anew)',
    labels: ['event', 'dialect', 'outcome'],
  },
  eventDeliverySeconds: {
    type: 'histogram',
    name: 'trunkline_event_delivery_seconds',
    help: 'From an event decided to its frame written, by the clock of the database; `call_rejected` is reject to rejected',
    labels: ['event'],
    buckets: LATENCY_BUCKETS,
  },
  busHearing: {
    type: 'gauge',
    name: 'trunkline_bus_hearing',
    help: 'Whether what this gateway published to itself on Redis came back lately (1) or not (0): a healthy connection may be deaf',
    labels: [],
  },
  busGaps: {
    type: 'counter',
    name: 'trunkline_bus_gaps_total',
    help: 'Breaks in which events on the bus may have been missed; after each, every session gets a new snapshot',
    labels: [],
  },
} as const satisfies MetricTable;

export type GatewayMetrics = MetricsOf<typeof GATEWAY_METRICS>;

/** Why an attempt to connect is refused; a record, so that a new word of the door's is not forgotten. */
const REFUSALS: Readonly<Record<NotLetIn | Extract<CloseReason, 'going_away' | 'origin_refused'> | 'given_up', true>> = {
  unauthenticated: true,
  unavailable: true,
  too_many_connections: true,
  going_away: true,
  origin_refused: true,
  given_up: true,
};

/** Nothing is not 0 to Prometheus: without these, a gateway that lets nobody in would have no sample to raise an alert with. */
const beginAtZero = ({ connections, connectionsOpened, connectionErrors }: GatewayMetrics): void => {
  for (const { name: dialect } of [onlycare, chattrix, otomo, otsy]) {
    connections.inc({ dialect }, 0);
    connectionsOpened.inc({ dialect }, 0);
  }
  for (const reason of Object.keys(REFUSALS)) connectionErrors.inc({ reason }, 0);
};

/** Has counters begin at 0, and connects the gauges to what they are read from. */
export const watchGateway = (
  metrics: GatewayMetrics,
  { sessions, subscriber }: { sessions: Pick<Sessions, 'slowCount'>; subscriber: Subscriber },
): void => {
  const { slowConsumers, busHearing, busGaps } = metrics;
  beginAtZero(metrics);
  slowConsumers.readAtScrape(() => [{ labels: {}, value: sessions.slowCount() }]);
  busHearing.readAtScrape(() => [{ labels: {}, value: subscriber.isHearing() ? 1 : 0 }]);
  subscriber.onGapEnded(() => busGaps.inc({}));
};
