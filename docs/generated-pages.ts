import { configurationPage, SERVICES } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';

/** The pages of this folder that are written from code. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
};

/** The services whose settings are described. */
export const DESCRIBED_SERVICES: readonly string[] = Object.keys(SERVICES);
