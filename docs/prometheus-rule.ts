import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ALERTS = join(import.meta.dirname, '../deploy/prometheus/alerts.yml');

const HEAD = `# The groups of deploy/prometheus/alerts.yml, put here by \`pnpm docs:generate\`.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: trunkline
spec:
`;

/** The alerts as the Prometheus operator takes them. */
export const prometheusRule = (): string => {
  const text = readFileSync(ALERTS, 'utf8');
  return HEAD + text.slice(text.indexOf('groups:')).replaceAll(/^(?=.)/gm, '  ');
};
