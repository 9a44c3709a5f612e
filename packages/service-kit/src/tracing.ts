import type { Traceparent } from '@trunkline/contract';
import { z } from 'zod';
import type { Logger } from './logger.ts';

type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Null begins a trace, or none at all: see `begin`. */
  parent: Traceparent | null;
  attributes: Attributes;
}

export interface OpenSpan {
  /** What those that follow from it have as their parent. */
  readonly traceparent: Traceparent;
  /** `problem`: a word of the contract that says why it failed. */
  end(problem?: string): void;
}

/** Spans of this process, sent away in the background. Attributes hold ids and words of the contract, never what people wrote. */
export interface Tracing extends AsyncDisposable {
  /** Null: of the commands that begin a trace, this one is not among the share that does. */
  begin(start: SpanStart): OpenSpan | null;
}

/** Settings of every service: the variables that OpenTelemetry names. */
export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe('Where traces go: a receiver of OTLP over HTTP, to whose `/v1/traces` they are posted. Nothing is traced where it is unset'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d+)?|1(?:\.0+)?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1)
    .describe('Which share of the commands begins a trace, from 0 to 1'),
};

export interface TracingOptions {
  service: string;
  config: { OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined; OTEL_TRACES_SAMPLER_ARG: number };
  logger: Logger;
}

/** Null where nothing is to be traced; then nothing of OpenTelemetry is loaded. */
export const startTracing = async ({ service, config, logger }: TracingOptions): Promise<Tracing | null> => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: share } = config;
  if (endpoint === undefined) return null;
  const { createOtlpTracing } = await import('./otlp-tracing.ts');
  return createOtlpTracing({ service, endpoint, share, logger });
};
