import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated, empty database that every system's own is copied from. */
    templateDatabaseUrl: string;
    redisUrl: string;
    /** How many races the race tests run, and from which seed. */
    races: { count: number; seed: number };
  }
}

/** The backing services of this test run, as its global set-up started or found them. */
export const backingUrls = () => ({ templateDatabaseUrl: inject('templateDatabaseUrl'), redisUrl: inject('redisUrl') });
