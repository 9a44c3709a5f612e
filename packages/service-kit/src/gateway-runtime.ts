/**
 * What the environment of a gateway says to those below it: less than half the memory of each idle connection (`bench idle`).
 *
 * To Node (`NODE_OPTIONS`): with V8's own, larger young generation, what connections leave behind while they open lies scattered among what
 * stays. With a smaller one, batches under way survive into the old generation, which costs a fifth of the calls at saturation.
 *
 * To the C library (`MALLOC_ARENA_MAX`, glibc): with its own eight for each core, the threads that check tokens each keep free memory of
 * their own.
 */
export const GATEWAY_RUNTIME = { NODE_OPTIONS: '--max-semi-space-size=16', MALLOC_ARENA_MAX: '2' } as const;
