import { DiagLogLevel, diag, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Traceparent } from '@trunkline/contract';
import type { Logger } from './logger.ts';
import type { OpenSpan, SpanStart, Tracing } from './tracing.ts';

interface OtlpOptions {
  service: string;
  endpoint: string;
  share: number;
  logger: Logger;
}

const KINDS: Readonly<Record<SpanStart['kind'], SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

const EXPORT_EVERY_MS = 1000;
const EXPORT_WITHIN_MS = 5000;
const MAX_QUEUED = 8192;
const LAST_EXPORT_WITHIN_MS = 2000;

const contextOf = (parent: Traceparent) => {
  const [, traceId = '', spanId = '', flags = '00'] = parent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true });
};

const traceparentOf = (span: Span): Traceparent => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
};

const urlOf = (endpoint: string): string => `${endpoint.replace(/\/+$/, '')}/v1/traces`;

/** The exporter says what it cannot send; the same is not said again for every batch. */
const logTroubles = (logger: Logger): void => {
  let said = '';
  const tell = (message: string): void => {
    if (message === said) return;
    said = message;
    logger.warn({ problem: message.slice(0, 200) }, 'traces could not be sent');
  };
  const ignore = (): void => undefined;
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
};

export const createOtlpTracing = ({ service, endpoint, share, logger }: OtlpOptions): Tracing => {
  logTroubles(logger);
  const exporter = new OTLPTraceExporter({ url: urlOf(endpoint), timeoutMillis: EXPORT_WITHIN_MS });
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: EXPORT_EVERY_MS,
    exportTimeoutMillis: EXPORT_WITHIN_MS,
    maxQueueSize: MAX_QUEUED,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'trunkline', 'service.name': service }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('trunkline');

  const begin = ({ name, kind, parent, attributes }: SpanStart): OpenSpan | null => {
    if (parent === null && Math.random() >= share) return null;
    const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent === null ? ROOT_CONTEXT : contextOf(parent));
    return {
      traceparent: traceparentOf(span),
      end: (problem) => {
        if (problem !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
        span.end();
      },
    };
  };

  return {
    begin,
    [Symbol.asyncDispose]: async () => {
      const given = new Promise((resolve) => setTimeout(resolve, LAST_EXPORT_WITHIN_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), given]);
      diag.disable();
    },
  };
};
