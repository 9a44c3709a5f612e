import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For processes that are started again and again: Node keeps what it compiled, and the next one starts sooner. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), 'trunkline-compile-cache') } as const;
