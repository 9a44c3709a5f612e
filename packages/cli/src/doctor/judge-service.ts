import { z } from 'zod';
import type { Finding } from './finding.ts';

/** The answer of a service's `/readyz`; null: none. */
export interface ServiceFacts {
  url: string;
  answer: { status: number; body: unknown } | null;
}

const Readiness = z.object({ checks: z.record(z.string(), z.boolean()) });

const MEANING: Readonly<Record<string, string>> = {
  database: 'it does not reach PostgreSQL',
  schema: 'its database lacks migrations of its version (npx pnpm@12 trunkline migrate)',
  redis: 'it does not reach Redis, or hears nothing from it',
  lease: 'it does not reach a call-service',
  accepting: 'it is stopping',
  workers: 'its job workers do not run',
};

/** Those that do not hold; null: no service of ours answers like this. */
const failing = (body: unknown): string[] | null => {
  const { data } = Readiness.safeParse(body);
  if (data === undefined) return null;
  return Object.entries(data.checks)
    .filter(([, holds]) => !holds)
    .map(([check]) => check);
};

export const judgeService = ({ url, answer }: ServiceFacts): Finding => {
  const about = url;
  if (answer === null)
    return { level: 'problem', about, says: 'does not answer', advice: 'Start it, or name the address where it is: --service <url>' };
  const isReady = answer.status === 200;
  const checks = failing(answer.body);
  if (isReady && checks?.length === 0) return { level: 'ok', about, says: 'ready' };
  if (checks === null || checks.length === 0)
    return { level: 'problem', about, says: `/readyz answered ${answer.status}`, advice: 'This may be no service of Trunkline.' };
  return {
    level: 'problem',
    about,
    // A service is ready without what it merely misses, and says so.
    says: `${isReady ? 'ready, but without' : 'not ready'}: ${checks.join(', ')}`,
    advice: `${checks.map((check) => MEANING[check] ?? check).join('; ')}. Its log says more.`,
  };
};
