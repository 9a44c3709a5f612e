import { configurationPage, SERVICES } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { METRICS, metricsPage } from './metrics-page.ts';

/** The pages of this folder that are written from code. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
};

/** The services whose settings are described. */
export const DESCRIBED_SERVICES: readonly string[] = Object.keys(SERVICES);

export { METRICS };
