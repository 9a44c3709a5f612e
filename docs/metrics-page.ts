import { CALL_SERVICE_METRICS } from '@trunkline/call-service';
import { NOTIFIER_METRICS } from '@trunkline/notifier';
import type { MetricTable } from '@trunkline/service-kit';
import { GATEWAY_METRICS } from '@trunkline/socket-gateway';
import { code, table } from './table.ts';

/** The metrics of each folder of `services`. */
export const METRICS: Readonly<Record<string, MetricTable>> = {
  'call-service': CALL_SERVICE_METRICS,
  'socket-gateway': GATEWAY_METRICS,
  notifier: NOTIFIER_METRICS,
};

const rows = (metrics: MetricTable): string[][] =>
  Object.values(metrics).map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(', '), help]);

const section = ([service, metrics]: [string, MetricTable]): string =>
  `## ${service}\n\n${table(['name', 'type', 'labels', 'what'], rows(metrics))}`;

export const metricsPage = (): string => `# Metrics

Generated from each service's table of metrics by \`pnpm docs:generate\`; a test fails when it is stale.

Every service answers \`GET /metrics\` on its own port, in Prometheus' text format. It is for Prometheus alone: no ingress leads there.
Labels are words of the contract, never an id or a client's text. A gauge that cannot be read at the moment has no sample.
Beside these come Node's own: \`process_*\` and \`nodejs_*\`, event-loop delay as \`nodejs_eventloop_lag_p99_seconds\` among them.

Alerts on them: \`deploy/prometheus/alerts.yml\`. A dashboard: \`deploy/grafana/trunkline.json\`. What to do: [operations.md](operations.md).

${Object.entries(METRICS).map(section).join('\n')}`;
