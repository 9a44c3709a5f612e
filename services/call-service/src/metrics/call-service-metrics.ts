import { LATENCY_BUCKETS, type MetricsOf, type MetricTable, READINESS_METRICS } from '@trunkline/service-kit';
import { WEBHOOK_METRICS } from '../webhooks/webhook-metrics.ts';

/** How late a deadline may be applied: the sweep looks every second. */
const LAG_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60];

/** Everything that call-service counts. Names of commands, events, states and reasons are the contract's. */
export const CALL_SERVICE_METRICS = {
  // Read before the rest: a scrape asks the database too, and is not to count itself.
  databaseConnections: {
    type: 'gauge',
    name: 'trunkline_database_connections',
    help: 'Connections of this replica to PostgreSQL, `in_use` or `idle`',
    labels: ['state'],
  },
  databaseWaiting: {
    type: 'gauge',
    name: 'trunkline_database_waiting',
    help: 'Requests of this replica that wait for a connection to PostgreSQL',
    labels: [],
  },
  ...READINESS_METRICS,
  decisions: {
    type: 'counter',
    name: 'trunkline_decisions_total',
    help: 'Commands that were decided, about calls and chats, from gateways and over REST (`rest`), by outcome: `ok`, or the error code',
    labels: ['command', 'dialect', 'outcome'],
  },
  decisionSeconds: {
    type: 'histogram',
    name: 'trunkline_decision_seconds',
    help: 'From a command that arrived to its COMMIT',
    labels: ['command'],
    buckets: LATENCY_BUCKETS,
  },
  callsPlaced: { type: 'counter', name: 'trunkline_calls_placed_total', help: 'Calls that were placed, busy ones too', labels: [] },
  callsEnded: {
    type: 'counter',
    name: 'trunkline_calls_ended_total',
    help: 'Calls that ended, by final state and reason',
    labels: ['state', 'reason'],
  },
  messagesSent: {
    type: 'counter',
    name: 'trunkline_messages_sent_total',
    help: "Messages that were stored in chats, by type; `system` are ours and those of the app's backend",
    labels: ['type'],
  },
  pushTargets: {
    type: 'gauge',
    name: 'trunkline_push_targets',
    help: 'Targets of push, counted up to 10,000, past that as PostgreSQL estimates; the same from every replica',
    labels: [],
  },
  pushesOldestSeconds: {
    type: 'gauge',
    name: 'trunkline_pushes_oldest_seconds',
    help: 'How long the oldest push without a result has been due: of a `ring` or its stop, or of another `message` to one person (what goes to many is left out), that nobody has tried (`waiting`) or that was put off by its provider or for its turn (`retried`); of the thousand of calls and the thousand of others that are looked at next; the same from every replica',
    labels: ['kind', 'state'],
  },
  ringsUnheard: {
    type: 'counter',
    name: 'trunkline_rings_unheard_total',
    help: 'Rings that Redis took and no gateway heard: the callee has no connection',
    labels: [],
  },
  eventPublishSeconds: {
    type: 'histogram',
    name: 'trunkline_event_publish_seconds',
    help: 'From an event decided to its publication taken by Redis, where the committing process published it',
    labels: ['event'],
    buckets: LATENCY_BUCKETS,
  },
  outboxEvents: {
    type: 'gauge',
    name: 'trunkline_outbox_events',
    help: 'Events that are committed and not known to be published, counted up to 10,000; the same from every replica',
    labels: [],
  },
  outboxOldestSeconds: {
    type: 'gauge',
    name: 'trunkline_outbox_oldest_seconds',
    help: 'Age of the oldest of them, 0 where there is none; the same from every replica',
    labels: [],
  },
  ringDeadlineLagSeconds: {
    type: 'histogram',
    name: 'trunkline_ring_deadline_lag_seconds',
    help: 'How long after its deadline a ring was timed out',
    labels: [],
    buckets: LAG_BUCKETS,
  },
  deadlineOverdueSeconds: {
    type: 'gauge',
    name: 'trunkline_deadline_overdue_seconds',
    help: 'How long the oldest deadline of a live call has been due without being applied; the same from every replica',
    labels: [],
  },
  sessionReports: {
    type: 'counter',
    name: 'trunkline_session_reports_total',
    help: 'Sessions that gateways reported: `opened` (again after a break, too), `refused` (too many of one user), `closed`',
    labels: ['kind'],
  },
  gatewayLeases: {
    type: 'gauge',
    name: 'trunkline_gateway_leases',
    help: 'Gateways whose lease holds; the same from every replica',
    labels: [],
  },
  rateLimited: {
    type: 'counter',
    name: 'trunkline_rate_limited_total',
    help: 'Requests and commands that were refused because they came too often',
    labels: ['limit'],
  },
  ...WEBHOOK_METRICS,
  httpRequests: {
    type: 'counter',
    name: 'trunkline_http_requests_total',
    help: 'Requests that were answered over HTTP, and over gateways’ links with the method `LINK`, by route as the code names it (`none`: no such route)',
    labels: ['method', 'route', 'status'],
  },
  httpRequestSeconds: {
    type: 'histogram',
    name: 'trunkline_http_request_seconds',
    help: 'How long answers took, over HTTP and over links',
    labels: ['route'],
    buckets: LATENCY_BUCKETS,
  },
} as const satisfies MetricTable;

export type CallServiceMetrics = MetricsOf<typeof CALL_SERVICE_METRICS>;
