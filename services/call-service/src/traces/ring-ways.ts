import type { Evidence } from './verdict.ts';

/** A row of the trace, as far as it tells which way a ring came. */
export interface WayEvidence extends Evidence {
  /** Epoch milliseconds. */
  at: number;
  deviceId: string | null;
}

/** A way by which rings come to people: a connection, or a push to one platform by one provider. */
export interface RingWay {
  platform: string;
  /** Null: a connection of ours. */
  provider: string | null;
}

type Count = 'reached' | 'woke' | 'answered';

/** How the rings of one way went; each call counts once, however many devices it rang. */
export interface RingRate extends RingWay, Record<Count, { calls: number; share: number }> {
  rings: number;
}

type Outcome = RingWay & Readonly<Record<Count, boolean>>;

const SOCKET: RingWay = { platform: 'socket', provider: null };

const named = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const isRing = ({ kind }: Evidence): boolean => kind === 'ring_sent' || kind === 'ring_acknowledged';

/** A connection is reached when the ring was written to it, and awake when its app said that it shows it. */
const socketOutcome = (evidence: readonly WayEvidence[], answeredOn: WayEvidence | undefined): Outcome[] =>
  evidence.some(isRing)
    ? [{ ...SOCKET, reached: true, woke: evidence.some(({ kind }) => kind === 'ring_acknowledged'), answered: answeredOn !== undefined }]
    : [];

/** A push has reached its provider, and woke its device when that connected for the ring after it; devices without a name tell nothing. */
const pushOutcome = (queued: WayEvidence, evidence: readonly WayEvidence[], answeredOn: WayEvidence | undefined): Outcome[] => {
  const [platform, provider] = [named(queued.detail?.['platform']), named(queued.detail?.['provider'])];
  if (platform === null || provider === null) return [];
  const accepted = evidence.find(({ kind, detail }) => kind === 'push_accepted' && detail?.['pushId'] === queued.detail?.['pushId']);
  const isOfDevice = ({ deviceId }: WayEvidence): boolean => deviceId !== null && deviceId === queued.deviceId;
  const woke = accepted !== undefined && evidence.some((row) => isRing(row) && isOfDevice(row) && row.at > accepted.at);
  return [
    { platform, provider, reached: accepted !== undefined, woke, answered: woke && answeredOn !== undefined && isOfDevice(answeredOn) },
  ];
};

const nameOf = ({ platform, provider }: RingWay): string => `${platform} ${provider}`;

/** The ways by which one call rang. Of several devices on one way, the one counts on which it came furthest. */
const outcomesOf = (evidence: readonly WayEvidence[]): Outcome[] => {
  const answeredOn = evidence.find(({ kind }) => kind === 'call_accepted');
  const pushes = evidence.filter(({ kind, detail }) => kind === 'push_queued' && detail?.['type'] === 'incoming_call');
  const all = [...socketOutcome(evidence, answeredOn), ...pushes.flatMap((queued) => pushOutcome(queued, evidence, answeredOn))];
  return Object.values(Object.groupBy(all, nameOf)).flatMap((ofWay = []) => {
    const [first] = ofWay;
    const came = (count: Count): boolean => ofWay.some((outcome) => outcome[count]);
    return first === undefined ? [] : [{ ...first, reached: came('reached'), woke: came('woke'), answered: came('answered') }];
  });
};

/** How the rings of some calls went, by platform and push provider. */
export const ringRates = (calls: readonly (readonly WayEvidence[])[]): RingRate[] =>
  Object.values(Object.groupBy(calls.flatMap(outcomesOf), nameOf)).flatMap((ofWay = []) => {
    const [first] = ofWay;
    if (first === undefined) return [];
    const rateOf = (count: Count) => {
      const { length } = ofWay.filter((outcome) => outcome[count]);
      return { calls: length, share: length / ofWay.length };
    };
    const { platform, provider } = first;
    return [{ platform, provider, rings: ofWay.length, reached: rateOf('reached'), woke: rateOf('woke'), answered: rateOf('answered') }];
  });
