import { z } from 'zod';
import type { Operations } from '../operation.ts';

const Readiness = z.object({ status: z.string(), checks: z.record(z.string(), z.boolean()) }).meta({ id: 'Readiness' });

/** Answered before any route. */
export const HEALTH_OPERATIONS: Operations = {
  'GET /livez': {
    tag: 'operations',
    summary: 'Whether the process lives',
    asks: 'nobody',
    answers: { 200: { what: 'It does', schema: z.object({ status: z.literal('live') }) } },
  },
  'GET /readyz': {
    tag: 'operations',
    summary: 'Whether it can do its work',
    asks: 'nobody',
    answers: { 200: { what: 'It can', schema: Readiness }, 503: { what: 'What does not hold', schema: Readiness } },
  },
  'GET /metrics': {
    tag: 'operations',
    summary: 'Metrics for Prometheus',
    asks: 'nobody',
    answers: { 200: { what: 'The text format', mediaType: 'text/plain' } },
  },
};
