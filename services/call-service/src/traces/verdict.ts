import { type CallState, type EndReason, isRinging } from '@trunkline/contract';

/** What a verdict goes by: how the call stands, and what its trace saw. */
export interface CallFacts {
  state: CallState;
  reason: EndReason | null;
  /** No person ended it. */
  endedBySystem: boolean;
  wasAccepted: boolean;
  evidence: readonly Evidence[];
}

/** A row of the trace, as far as verdicts are concerned. Kinds may be those of a later version. */
export interface Evidence {
  kind: string;
  detail: Readonly<Record<string, unknown>> | null;
}

/** How far the ring came on the callee's side, on the device on which it came furthest. */
export type Reach = 'shown' | 'written' | 'push_accepted' | 'push_queued' | 'push_failed' | 'push_target_gone' | 'nowhere';

/** Every verdict, and what it says to the person who asked. */
export const VERDICTS = {
  answered: 'The callee accepted.',
  connect_failed: 'The callee accepted, and neither side reported that the media connected.',
  ringing: 'The call still rings.',
  blocked: 'The callee has blocked the caller, or the app’s hook silenced the call: it rang nowhere, on purpose.',
  busy: 'The callee was in another call.',
  declined: 'The callee refused.',
  caller_lost: 'All connections of the caller were gone for longer than the grace, so the call was cancelled.',
  cancelled: 'The caller gave up.',
  callee_lost: 'It rang, and then all connections of the callee were gone for longer than the grace.',
  shown_not_answered: 'A device showed the ring, and nobody answered.',
  written_not_shown: 'The ring was written to a connection, and no device said that it shows it.',
  push_accepted_never_woke: 'The push provider took the ring, and no device woke up for it.',
  push_not_sent: 'A push was queued, and no provider was given it in time: look at the notifier and its queue.',
  token_dead: 'Every push target of the callee is gone: the app was removed, or its token or subscription was replaced.',
  push_failed: 'The push provider did not take the ring.',
  no_device: 'The callee had no connection, and no push target.',
  not_delivered: 'The callee was connected, and the ring was written to no connection: look at Redis and at the outbox.',
} as const;

export type Verdict = keyof typeof VERDICTS;

/** Pushes about a call that do not ring are no evidence of how far the ring came. */
const isRingPush = ({ kind, detail }: Evidence): boolean =>
  kind.startsWith('push_') && (detail?.['type'] ?? 'incoming_call') === 'incoming_call';

/** What providers say of a target that does not exist any more. */
const GONE = /^target_gone$|not-registered|UNREGISTERED|answered (404|410)/;

const isTargetGone = ({ detail }: Evidence): boolean =>
  GONE.test(String(detail?.['outcome'] ?? '')) || GONE.test(String(detail?.['why'] ?? ''));

/** No provider was given the push: its time was over, its call was, or the ring had been seen. */
const wasNotSent = ({ kind, detail }: Evidence): boolean => kind === 'push_dropped' || detail?.['why'] === 'expired';

const wordOf = (row: Evidence): Reach | null => {
  if (row.kind === 'ring_acknowledged') return 'shown';
  if (row.kind === 'ring_sent') return 'written';
  if (!isRingPush(row)) return null;
  if (row.kind === 'push_accepted' || row.kind === 'push_queued') return row.kind;
  if (row.kind !== 'push_failed' && row.kind !== 'push_dropped') return null;
  if (isTargetGone(row)) return 'push_target_gone';
  return wasNotSent(row) ? 'push_queued' : 'push_failed';
};

const FURTHEST_FIRST = [
  'shown',
  'written',
  'push_accepted',
  'push_failed',
  'push_target_gone',
  'push_queued',
] as const satisfies readonly Reach[];

export const reachOf = (evidence: readonly Evidence[]): Reach => {
  const words = evidence.map(wordOf);
  return FURTHEST_FIRST.find((reach) => words.includes(reach)) ?? 'nowhere';
};

const UNANSWERED: Readonly<Record<Exclude<Reach, 'nowhere'>, Verdict>> = {
  shown: 'shown_not_answered',
  written: 'written_not_shown',
  push_accepted: 'push_accepted_never_woke',
  push_queued: 'push_not_sent',
  push_target_gone: 'token_dead',
  push_failed: 'push_failed',
};

const saw = ({ evidence }: CallFacts, ...kinds: readonly string[]): boolean => evidence.some(({ kind }) => kinds.includes(kind));

/** What a call came to where the call itself says it; the first rule that holds. */
const RULES: readonly (readonly [Verdict, (facts: CallFacts) => boolean])[] = [
  ['blocked', (facts) => saw(facts, 'blocked')],
  ['connect_failed', ({ state }) => state === 'FAILED'],
  ['answered', ({ wasAccepted }) => wasAccepted],
  ['ringing', ({ state }) => isRinging(state)],
  ['busy', ({ reason, endedBySystem }) => reason === 'busy' && endedBySystem],
  ['declined', ({ state, endedBySystem }) => state === 'REJECTED' && !endedBySystem],
  ['caller_lost', ({ reason }) => reason === 'caller_lost'],
  ['cancelled', ({ state }) => state === 'CANCELLED'],
  ['callee_lost', (facts) => facts.reason === 'offline' && saw(facts, 'ring_sent', 'ring_acknowledged')],
];

/** One word for what the call came to: why it was not answered, where it was not. */
export const verdictOf = (facts: CallFacts): Verdict => {
  const found = RULES.find(([, holds]) => holds(facts));
  if (found !== undefined) return found[0];
  const reach = reachOf(facts.evidence);
  if (reach !== 'nowhere') return UNANSWERED[reach];
  return facts.reason === 'offline' || saw(facts, 'nobody_heard', 'callee_absent') ? 'no_device' : 'not_delivered';
};
