import { expect, it } from 'vitest';
import { createMetrics, type MetricTable } from './metrics.ts';

const TABLE = {
  calls: { type: 'counter', name: 'trunkline_test_calls_total', help: 'Calls', labels: ['state'] },
  rows: { type: 'gauge', name: 'trunkline_test_rows', help: 'Rows', labels: [] },
  lag: { type: 'histogram', name: 'trunkline_test_lag_seconds', help: 'Lag', labels: [], buckets: [1, 2] },
} as const satisfies MetricTable;

const samplesOf = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('trunkline_test'));

it('says what was counted and observed', async () => {
  const { of, text } = createMetrics(TABLE);
  of.calls.inc({ state: 'ENDED' });
  of.calls.inc({ state: 'ENDED' }, 2);
  of.lag.observe({}, 1.5);
  of.rows.inc({}, 5);
  expect(samplesOf(await text())).toEqual([
    'trunkline_test_calls_total{state="ENDED"} 3',
    'trunkline_test_rows 5',
    'trunkline_test_lag_seconds_bucket{le="1"} 0',
    'trunkline_test_lag_seconds_bucket{le="2"} 1',
    'trunkline_test_lag_seconds_bucket{le="+Inf"} 1',
    'trunkline_test_lag_seconds_sum 1.5',
    'trunkline_test_lag_seconds_count 1',
  ]);
});

it('reads a gauge when it is asked, and leaves out what cannot be read', async () => {
  const { of, text } = createMetrics(TABLE);
  let rows: number | null = 7;
  of.rows.readAtScrape(async () => {
    if (rows === null) throw new Error('the database is away');
    return [{ labels: {}, value: rows }];
  });
  expect(samplesOf(await text())).toContain('trunkline_test_rows 7');
  rows = null;
  const without = await text();
  expect(samplesOf(without).filter((line) => line.startsWith('trunkline_test_rows'))).toEqual([]);
  expect(samplesOf(without)).toContain('trunkline_test_lag_seconds_count 0');
});

it('counts for each service apart, and for the process once', async () => {
  const [one, other] = [createMetrics(TABLE), createMetrics(TABLE)];
  one.of.calls.inc({ state: 'MISSED' });
  expect(await one.text()).toContain('trunkline_test_calls_total{state="MISSED"} 1');
  const text = await other.text();
  expect(text).not.toContain('MISSED');
  expect(text.match(/^nodejs_eventloop_lag_p99_seconds /gm)).toHaveLength(1);
  expect(text).not.toContain('nodejs_active_handles');
});
