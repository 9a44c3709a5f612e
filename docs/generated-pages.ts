import { asyncApiDocument, asyncApiPage } from './asyncapi.ts';
import { cliPage } from './cli-page.ts';
import { configurationPage, SERVICES } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { METRICS, metricsPage } from './metrics-page.ts';

/** What is written from code, by its path from this folder. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'cli.md': cliPage,
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
  '../services/call-service/src/documents/asyncapi.json': asyncApiPage,
};

/** The services whose settings are described. */
export const DESCRIBED_SERVICES: readonly string[] = Object.keys(SERVICES);

/** The names of all of their settings. */
export const DESCRIBED_SETTINGS: ReadonlySet<string> = new Set(Object.values(SERVICES).flatMap(Object.keys));

export { asyncApiDocument, METRICS };
