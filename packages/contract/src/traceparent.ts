import { z } from 'zod';

/** Where a span stands in its trace (W3C Trace Context). Absent wherever nothing is traced. */
export const Traceparent = z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
export type Traceparent = z.infer<typeof Traceparent>;
