import { signal } from '@preact/signals';
import type { LiveState } from '@trunkline/contract';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../text/language.ts';
import type { Bucket, LiveView } from './answers.ts';
import { numberOf, spanOf } from './format.ts';
import { KeyGate } from './key-gate.tsx';
import { LineChart } from './line-chart.tsx';
import { PageHead, Problem } from './page-head.tsx';
import { read, serverKey } from './server-api.ts';

const EVERY_MS = 2000;
const KEPT = 150;
const STATES: readonly LiveState[] = ['INITIATING', 'RINGING', 'CONNECTING', 'ACTIVE'];

/** What was seen since the page was opened, the oldest first. */
const seen = signal<readonly LiveView[]>([]);
const problem = signal<string | null>(null);

const look = async (): Promise<void> => {
  if (serverKey() === null || document.hidden) return;
  try {
    seen.value = [...seen.value.slice(1 - KEPT), await read<LiveView>('/live')];
    problem.value = null;
  } catch (error) {
    problem.value = (error as Error).message;
  }
};

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const connectionsOf = ({ gateways }: LiveView): number => sum(gateways.map(({ calls, chats }) => calls + chats));
const liveCallsOf = ({ calls }: LiveView): number => sum(Object.values(calls));

/** A bucket for each ten seconds, also where nothing happened. */
const bucketsOf = ({ at, recent }: LiveView): (Bucket | null)[] => {
  const { minutes, bucketSeconds, buckets } = recent;
  const count = (minutes * 60) / bucketSeconds;
  const newest = Math.floor(Date.parse(at) / 1000 / bucketSeconds) * bucketSeconds;
  const byTime = new Map(buckets.map((bucket) => [bucket.at, bucket]));
  return Array.from({ length: count }, (_, index) => byTime.get(newest - (count - 1 - index) * bucketSeconds) ?? null);
};

const lastMinute = (buckets: readonly (Bucket | null)[]): number => sum(buckets.slice(-7, -1).map((bucket) => bucket?.placed ?? 0));

const Tile = ({ label, value, isBad = false }: { label: string; value: string; isBad?: boolean }): JSX.Element => (
  <div class={`card tile${isBad ? ' is-bad' : ''}`}>
    <dt>{label}</dt>
    <dd class="numbers">{value}</dd>
  </div>
);

const LATE_SECONDS = 5;

const Tiles = ({ view, buckets }: { view: LiveView; buckets: readonly (Bucket | null)[] }): JSX.Element => {
  const { waiting } = view;
  const lag = (seconds: number | null): string => (seconds === null ? '0 s' : spanOf(seconds * 1000));
  return (
    <dl class="tiles">
      <Tile label={t('live.connections')} value={numberOf(connectionsOf(view))} />
      <Tile label={t('live.inProgress')} value={numberOf(liveCallsOf(view))} />
      <Tile label={t('live.perMinute')} value={numberOf(lastMinute(buckets))} />
      <Tile
        label={t('live.outboxLag')}
        value={lag(waiting.outboxOldestSeconds)}
        isBad={(waiting.outboxOldestSeconds ?? 0) > LATE_SECONDS}
      />
      <Tile label={t('live.pushes')} value={numberOf(waiting.pushes)} isBad={(waiting.pushOldestSeconds ?? 0) > 60} />
      <Tile label={t('live.overdue')} value={lag(waiting.overdueSeconds)} isBad={waiting.overdueSeconds > LATE_SECONDS} />
    </dl>
  );
};

const Charts = ({ view, buckets }: { view: LiveView; buckets: readonly (Bucket | null)[] }): JSX.Element => {
  const history = seen.value;
  const sinceOpened = t('live.since', { span: spanOf(Date.parse(view.at) - Date.parse(history[0]?.at ?? view.at)) });
  const sinceMinutes = t('live.since', { span: spanOf(view.recent.minutes * 60_000) });
  const of = (pick: (one: LiveView) => number): number[] => history.map(pick);
  const per = (pick: (bucket: Bucket) => number): number[] => buckets.map((bucket) => (bucket === null ? 0 : pick(bucket)));
  const measured = (pick: (bucket: Bucket) => number | null): (number | null)[] =>
    buckets.map((bucket) => (bucket === null ? null : pick(bucket)));
  return (
    <div class="charts">
      <LineChart
        title={t('live.rate', { seconds: view.recent.bucketSeconds })}
        since={sinceMinutes}
        series={[
          { label: t('live.placed'), colour: 'one', values: per(({ placed }) => placed) },
          { label: t('live.answered'), colour: 'two', values: per(({ answered }) => answered) },
          { label: t('live.unanswered'), colour: 'three', values: per(({ unanswered }) => unanswered) },
        ]}
      />
      <LineChart
        title={t('live.ring')}
        unit=" ms"
        since={sinceMinutes}
        series={[
          { label: t('live.median'), colour: 'one', values: measured(({ ringMsP50 }) => ringMsP50) },
          { label: t('live.p95'), colour: 'two', values: measured(({ ringMsP95 }) => ringMsP95) },
        ]}
      />
      <LineChart
        title={t('live.inProgress')}
        since={sinceOpened}
        series={[
          { label: t('live.ringing'), colour: 'one', values: of(({ calls }) => (calls.INITIATING ?? 0) + (calls.RINGING ?? 0)) },
          { label: t('live.talking'), colour: 'two', values: of(({ calls }) => (calls.CONNECTING ?? 0) + (calls.ACTIVE ?? 0)) },
        ]}
      />
      <LineChart
        title={t('live.connections')}
        since={sinceOpened}
        series={[
          { label: t('live.forCalls'), colour: 'one', values: of(({ gateways }) => sum(gateways.map(({ calls }) => calls))) },
          { label: t('live.forChats'), colour: 'two', values: of(({ gateways }) => sum(gateways.map(({ chats }) => chats))) },
        ]}
      />
      <LineChart
        title={t('live.outboxLag')}
        unit=" s"
        since={sinceOpened}
        series={[{ label: t('live.oldest'), colour: 'one', values: of(({ waiting }) => waiting.outboxOldestSeconds ?? 0) }]}
      />
      <LineChart
        title={t('live.waiting')}
        since={sinceOpened}
        series={[
          { label: t('live.events'), colour: 'one', values: of(({ waiting }) => waiting.outboxEvents) },
          { label: t('live.pushes'), colour: 'two', values: of(({ waiting }) => waiting.pushes) },
        ]}
      />
    </div>
  );
};

const Gateways = ({ view }: { view: LiveView }): JSX.Element => (
  <section class="card">
    <h2>{t('live.gateways')}</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">{t('phone.gateway')}</th>
          <th scope="col" class="right">
            {t('live.forCalls')}
          </th>
          <th scope="col" class="right">
            {t('live.forChats')}
          </th>
        </tr>
      </thead>
      <tbody>
        {view.gateways.map(({ gatewayId, calls, chats }) => (
          <tr key={gatewayId}>
            <td class="id">{gatewayId}</td>
            <td class="right numbers">{numberOf(calls)}</td>
            <td class="right numbers">{numberOf(chats)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const States = ({ view }: { view: LiveView }): JSX.Element => (
  <section class="card">
    <h2>{t('live.states')}</h2>
    <table>
      <tbody>
        {STATES.map((state) => (
          <tr key={state}>
            <th scope="row">{t(`state.${state}`)}</th>
            <td class="right numbers">{numberOf(view.calls[state] ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const Watch = (): JSX.Element => {
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const view = seen.value.at(-1);
  if (view === undefined) return <Problem text={problem.value} />;
  const buckets = bucketsOf(view);
  return (
    <>
      <Problem text={problem.value} />
      <Tiles view={view} buckets={buckets} />
      <Charts view={view} buckets={buckets} />
      <div class="two">
        <Gateways view={view} />
        <States view={view} />
      </div>
    </>
  );
};

export const LivePage = (): JSX.Element => (
  <>
    <PageHead title={t('nav.live')} lead={t('live.lead')} />
    <KeyGate>
      <Watch />
    </KeyGate>
  </>
);
