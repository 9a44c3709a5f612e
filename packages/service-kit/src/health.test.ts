import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { answerHealth, type ReadinessChecks } from './health.ts';
import { createMetrics, READINESS_METRICS, reportReadiness } from './metrics.ts';

/** One condition that holds, and one that nobody ever answers, as with a database at a half-open connection. */
const CHECKS: ReadinessChecks = { redis: () => true, database: () => new Promise(() => undefined) };

const readyz = async (): Promise<{ status: number; said: string }> => {
  const heard = { status: 0, said: '' };
  const response = {
    writeHead: (status: number) => {
      heard.status = status;
    },
    end: (said: string) => {
      heard.said = said;
    },
  };
  await answerHealth({ url: '/readyz' } as Parameters<typeof answerHealth>[0], response as unknown as ServerResponse, CHECKS);
  return heard;
};

it('a condition that does not answer does not hold, says /readyz', async () => {
  const { status, said } = await readyz();
  expect([status, JSON.parse(said)]).toEqual([503, { status: 'not ready', checks: { redis: true, database: false } }]);
});

it('a condition that does not answer does not hold, says the metric, and the others are told as they are', async () => {
  const { of, text } = createMetrics(READINESS_METRICS);
  reportReadiness(of, CHECKS);
  expect((await text()).split('\n').filter((line) => line.startsWith('trunkline_ready'))).toEqual([
    'trunkline_ready{check="redis"} 1',
    'trunkline_ready{check="database"} 0',
  ]);
});
