export interface HeartbeatTimes {
  /** How long a connection may be quiet before it is pinged. */
  readonly pingEveryMs: number;
  /** How long it may take to answer. */
  readonly pongWithinMs: number;
}

export const HEARTBEAT: HeartbeatTimes = { pingEveryMs: 20_000, pongWithinMs: 10_000 };

/** When a connection last gave a sign of life, by a monotonic clock in milliseconds. */
export interface Pulse {
  /** When it opened, or last answered a ping. */
  readonly aliveAt: number;
  /** When it was sent a ping that it has not answered; null: it owes nothing. */
  readonly pingedAt: number | null;
}

/** What a look at a connection says at `now`. */
export const judgePulse = ({ aliveAt, pingedAt }: Pulse, now: number, times: HeartbeatTimes): 'alive' | 'ping' | 'silent' => {
  if (pingedAt !== null) return now - pingedAt >= times.pongWithinMs ? 'silent' : 'alive';
  return now - aliveAt >= times.pingEveryMs ? 'ping' : 'alive';
};
