import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  collectDefaultMetrics,
  Counter as LibraryCounter,
  Gauge as LibraryGauge,
  Histogram as LibraryHistogram,
  Registry,
} from '@prometheus-io/client';
import { doesHold, type ReadinessChecks } from './health.ts';
import { withinPatience } from './within-patience.ts';

/** What a metric is, as data. Label values MUST come from a small fixed set: never an id, never what a client wrote. */
export type MetricDefinition = {
  readonly name: `trunkline_${string}`;
  readonly help: string;
  readonly labels: readonly string[];
} & ({ readonly type: 'counter' } | { readonly type: 'gauge' } | { readonly type: 'histogram'; readonly buckets: readonly number[] });

/** The metrics of a service, or of a part of one: tables are joined by spreading them into one. */
export type MetricTable = Readonly<Record<string, MetricDefinition>>;

type Labels<Name extends string> = Readonly<Record<Name, string>>;

export interface Counter<Label extends string> {
  inc(labels: Labels<Label>, by?: number): void;
}

export interface Gauge<Label extends string> {
  inc(labels: Labels<Label>, by?: number): void;
  dec(labels: Labels<Label>, by?: number): void;
  /** Asks for the values at each scrape. What throws, or takes longer than two seconds, leaves the gauge without values. */
  readAtScrape(read: () => GaugeValues<Label> | Promise<GaugeValues<Label>>): void;
}

export type GaugeValues<Label extends string> = readonly { readonly labels: Labels<Label>; readonly value: number }[];

export interface Histogram<Label extends string> {
  observe(labels: Labels<Label>, value: number): void;
}

interface Instruments<Label extends string> {
  counter: Counter<Label>;
  gauge: Gauge<Label>;
  histogram: Histogram<Label>;
}

/** What a service counts with, by the names of its table. */
export type MetricsOf<Table extends MetricTable> = {
  readonly [Name in keyof Table]: Instruments<Table[Name]['labels'][number]>[Table[Name]['type']];
};

export interface Metrics<Table extends MetricTable> {
  readonly of: MetricsOf<Table>;
  /** Everything as Prometheus reads it. */
  text(): Promise<string>;
}

/** Seconds: from a fast answer to one that people notice. */
export const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

const READ_PATIENCE_MS = 2000;

/** Their cost grows with the number of sockets, and `process_open_fds` says the same. */
const TOO_DEAR = ['nodejs_active_resources', 'nodejs_active_handles', 'nodejs_active_requests'];

let processRegistry: Registry | null = null;

/** What the process is, whatever number of services run in it. */
const registryOfProcess = (): Registry => {
  if (processRegistry !== null) return processRegistry;
  processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry });
  for (const name of TOO_DEAR) {
    processRegistry.removeSingleMetric(name);
    processRegistry.removeSingleMetric(`${name}_total`);
  }
  return processRegistry;
};

class ScrapedGauge<Label extends string> implements Gauge<Label> {
  readonly #gauge: LibraryGauge<string>;
  readonly #isLabelled: boolean;
  #read: (() => GaugeValues<Label> | Promise<GaugeValues<Label>>) | null = null;

  constructor({ name, help, labels }: MetricDefinition, registry: Registry) {
    this.#isLabelled = labels.length > 0;
    this.#gauge = new LibraryGauge({ name, help, labelNames: [...labels], registers: [registry], collect: () => this.#collect() });
  }

  inc(labels: Labels<Label>, by = 1): void {
    this.#gauge.inc(labels, by);
  }

  dec(labels: Labels<Label>, by = 1): void {
    this.#gauge.dec(labels, by);
  }

  readAtScrape(read: () => GaugeValues<Label> | Promise<GaugeValues<Label>>): void {
    this.#read = read;
  }

  async #collect(): Promise<void> {
    if (this.#read === null) return;
    const values = await this.#readSafely(this.#read);
    this.#gauge.reset();
    if (!this.#isLabelled) this.#gauge.remove({});
    for (const { labels, value } of values) this.#gauge.set(labels, value);
  }

  /** A metric that fails must not take the others with it. */
  async #readSafely(read: () => GaugeValues<Label> | Promise<GaugeValues<Label>>): Promise<GaugeValues<Label>> {
    try {
      return (await withinPatience(read(), READ_PATIENCE_MS)) ?? [];
    } catch {
      return [];
    }
  }
}

const register = (definition: MetricDefinition, registry: Registry): Instruments<string>[MetricDefinition['type']] => {
  const { name, help, type } = definition;
  const options = { name, help, labelNames: [...definition.labels], registers: [registry] };
  if (type === 'counter') return new LibraryCounter(options);
  if (type === 'histogram') return new LibraryHistogram({ ...options, buckets: [...definition.buckets] });
  return new ScrapedGauge(definition, registry);
};

/** A registry of its own for each service, so that several can run in one process. */
export const createMetrics = <Table extends MetricTable>(table: Table): Metrics<Table> => {
  const registry = new Registry();
  const of = Object.fromEntries(Object.entries(table).map(([key, definition]) => [key, register(definition, registry)]));
  return {
    of: of as MetricsOf<Table>,
    text: async () => `${await registry.metrics()}\n${await registryOfProcess().metrics()}`,
  };
};

/** What every service says of itself. */
export const READINESS_METRICS = {
  ready: {
    type: 'gauge',
    name: 'trunkline_ready',
    help: 'Whether a condition of /readyz holds (1) or not (0)',
    labels: ['check'],
  },
} as const satisfies MetricTable;

/** Has `/metrics` say what `/readyz` says. */
export const reportReadiness = ({ ready }: MetricsOf<typeof READINESS_METRICS>, checks: ReadinessChecks): void =>
  ready.readAtScrape(() =>
    Promise.all(Object.entries(checks).map(async ([check, holds]) => ({ labels: { check }, value: (await doesHold(holds)) ? 1 : 0 }))),
  );

/** Answers `/metrics` and says whether it did. It is for Prometheus: no ingress should lead there. */
export const answerMetrics = async (
  request: IncomingMessage,
  response: ServerResponse,
  metrics: Pick<Metrics<MetricTable>, 'text'>,
): Promise<boolean> => {
  if (request.url?.split('?', 1)[0] !== '/metrics') return false;
  const text = await metrics.text();
  response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE, 'cache-control': 'no-store' });
  response.end(text);
  return true;
};
