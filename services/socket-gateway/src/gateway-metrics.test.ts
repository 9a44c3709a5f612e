import { CLOSE_CODES } from '@trunkline/contract';
import { createMetrics } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { chattrix } from './dialects/chattrix.ts';
import { onlycare } from './dialects/onlycare.ts';
import { otomo } from './dialects/otomo.ts';
import { otsy } from './dialects/otsy.ts';
import { GATEWAY_METRICS, watchGateway } from './gateway-metrics.ts';

const subscriber = { isHearing: () => true, onGapEnded: () => undefined } as unknown as Parameters<typeof watchGateway>[1]['subscriber'];

/** The samples of a gateway that nobody has knocked at yet. */
const samplesOfAFreshOne = async (): Promise<string[]> => {
  const { of, text } = createMetrics(GATEWAY_METRICS);
  watchGateway(of, { sessions: { slowCount: () => 0 }, subscriber });
  return (await text()).split('\n').filter((line) => line.startsWith('trunkline_connection'));
};

it('a fresh gateway says that it has nobody, of every dialect', async () => {
  const samples = await samplesOfAFreshOne();
  for (const { name } of [onlycare, chattrix, otomo, otsy])
    expect(samples).toEqual(
      expect.arrayContaining([`trunkline_connections{dialect="${name}"} 0`, `trunkline_connections_opened_total{dialect="${name}"} 0`]),
    );
});

it('a fresh gateway says that it has refused nobody, for every reason there is', async () => {
  const refusals = (await samplesOfAFreshOne()).filter((line) => line.startsWith('trunkline_connection_errors_total'));
  const reasons = refusals.map((line) => /reason="(\w+)"} 0$/.exec(line)?.[1]);
  expect(reasons.toSorted()).toEqual(
    ['given_up', 'going_away', 'origin_refused', 'too_many_connections', 'unauthenticated', 'unavailable'].toSorted(),
  );
  expect(reasons.filter((reason) => reason !== 'given_up' && !(String(reason) in CLOSE_CODES))).toEqual([]);
});
