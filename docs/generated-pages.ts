import { configurationPage, SERVICES } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { METRICS, metricsPage } from './metrics-page.ts';
import { prometheusRule } from './prometheus-rule.ts';

/** What is written from code and from other files, by its place seen from this folder. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
  '../deploy/kubernetes/production/alerts.yaml': prometheusRule,
};

/** The services whose settings are described. */
export const DESCRIBED_SERVICES: readonly string[] = Object.keys(SERVICES);

export { METRICS };
