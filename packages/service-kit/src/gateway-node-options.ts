/**
 * Node's own options (`NODE_OPTIONS`) for a gateway. With V8's larger young generation, what its connections leave behind while they open
 * lies scattered among what stays: twice as much memory per idle connection. `bench idle` shows it.
 */
export const GATEWAY_NODE_OPTIONS = '--max-semi-space-size=8';
