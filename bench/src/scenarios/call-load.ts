import { runArrivals } from '../load/arrivals.ts';
import { Histogram } from '../load/histogram.ts';
import type { Phone } from '../load/phone.ts';
import type { CallWire, Heard } from '../load/wire.ts';
import type { CallScript, Phase, Side } from './call-scripts.ts';
import { LateCount, type Limit } from './late-count.ts';

export interface CallLoadOptions {
  script: CallScript;
  wire: CallWire;
  /** Caller and callee of each pair; a pair has one call at a time. */
  pairs: readonly { caller: Phone; callee: Phone }[];
  perSecond: number;
  seconds: number;
  warmUpSeconds: number;
  /** Called when the measured time begins and when it ends. */
  onWindow(edge: 'begins' | 'ends'): void;
  report?(line: string): void;
  /** Ends the run as soon as it is certain that it does not hold. */
  limit?: Limit | undefined;
}

export interface CallLoadResult {
  /** Calls that were due, warm-up included, and how they went. */
  due: number;
  done: number;
  /** Never ended on both sides, or never could be placed. */
  lost: number;
  /** An outcome that a side heard twice, or for a call that was over. */
  doubled: number;
  /** By code. */
  errors: Record<string, number>;
  /** Calls that ended within the measured time, per second of it. */
  achievedPerSecond: number;
  doneInWindow: number;
  legs: Record<string, Histogram>;
  wasHopeless: boolean;
}

interface Run {
  dueAt: number;
  phase: number;
  phaseAt: number;
  callId: string | null;
  /** A bit for each side that has not heard yet. */
  waitsFor: number;
}

interface Pair {
  readonly caller: Phone;
  readonly callee: Phone;
  run: Run | null;
}

const OUTCOMES: ReadonlySet<string> = new Set(['rejected', 'cancelled', 'ended', 'timed_out']);
const PATIENCE_MS = 10_000;
const BIT: Readonly<Record<Side, number>> = { caller: 1, callee: 2 };

const waitingIn = ({ hears }: Phase): number =>
  (hears.caller === undefined ? 0 : BIT.caller) | (hears.callee === undefined ? 0 : BIT.callee);

/** Places calls on a schedule, plays both sides' parts, and accounts for every one of them. */
class CallLoad {
  readonly #options: CallLoadOptions;
  readonly #free: Pair[] = [];
  readonly #busy = new Set<Pair>();
  /** Times of arrivals for which no pair was free yet. */
  #waiting: number[] = [];
  readonly #legs: Record<string, Histogram> = {};
  readonly #errors: Record<string, number> = {};
  readonly #phases: readonly Phase[];
  readonly #waitsFor: readonly number[];
  readonly #late: LateCount;
  #measuredFrom = Number.POSITIVE_INFINITY;
  #inWindow = false;
  #due = 0;
  #done = 0;
  #doneInWindow = 0;
  #lost = 0;
  #doubled = 0;

  constructor(options: CallLoadOptions) {
    this.#options = options;
    this.#phases = options.script.phases;
    this.#waitsFor = this.#phases.map(waitingIn);
    this.#late = new LateCount(options.limit, options.perSecond * options.seconds);
    for (const { hears } of this.#phases) {
      for (const { leg } of Object.values(hears)) this.#legs[leg] = new Histogram();
    }
    for (const { caller, callee } of options.pairs) {
      const pair: Pair = { caller, callee, run: null };
      caller.onHeard = (heard) => this.#hear(pair, 'caller', heard);
      callee.onHeard = (heard) => this.#hear(pair, 'callee', heard);
      this.#free.push(pair);
    }
  }

  async run(): Promise<CallLoadResult> {
    const { perSecond, seconds, warmUpSeconds, onWindow, report } = this.#options;
    const patience = setInterval(() => this.#giveUpLate(), 250);
    const progress = setInterval(() => report?.(`${this.#done} of ${this.#due} calls done, ${this.#lost} lost`), 1000);
    const begin = setTimeout(() => this.#begin(), warmUpSeconds * 1000);
    await runArrivals({
      perSecond,
      durationMs: (warmUpSeconds + seconds) * 1000,
      onArrival: (dueAt) => this.#arrive(dueAt),
      isHopeless: () => this.#late.isHopeless(this.#waiting[0]),
    });
    clearTimeout(begin);
    const wasHopeless = this.#late.isHopeless(this.#waiting[0]);
    // It may have been hopeless before the measured time.
    if (!this.#inWindow) this.#begin();
    const measuredMs = Math.max(1, performance.now() - this.#measuredFrom);
    this.#inWindow = false;
    onWindow('ends');
    await this.#finished();
    clearInterval(patience);
    clearInterval(progress);
    return {
      due: this.#due,
      done: this.#done,
      lost: this.#lost,
      doubled: this.#doubled,
      errors: this.#errors,
      doneInWindow: this.#doneInWindow,
      achievedPerSecond: (this.#doneInWindow / measuredMs) * 1000,
      legs: this.#legs,
      wasHopeless,
    };
  }

  #begin(): void {
    this.#options.onWindow('begins');
    this.#measuredFrom = performance.now();
    this.#inWindow = true;
  }

  #arrive(dueAt: number): void {
    this.#due += 1;
    const pair = this.#free.shift();
    if (pair === undefined) this.#waiting.push(dueAt);
    else this.#place(pair, dueAt);
  }

  #place(pair: Pair, dueAt: number): void {
    pair.run = { dueAt, phase: 0, phaseAt: dueAt, callId: null, waitsFor: this.#waitsFor[0] ?? 0 };
    this.#busy.add(pair);
    const { wire, script } = this.#options;
    pair.caller.send(wire.place(pair.callee.userId, script.ringSeconds));
  }

  #hear(pair: Pair, side: Side, { word, callId, code }: Heard): void {
    const { run } = pair;
    if (word === 'refused') return this.#fail(pair, code ?? 'unknown');
    if (run === null || (callId !== null && run.callId !== null && callId !== run.callId)) return this.#hearStray(word);
    const expected = (this.#phases[run.phase] as Phase).hears[side];
    if (expected?.word !== word || (run.waitsFor & BIT[side]) === 0) return this.#hearStray(word);
    run.waitsFor &= ~BIT[side];
    run.callId ??= callId;
    this.#record(run, expected.leg);
    if (run.waitsFor === 0) this.#nextPhase(pair, run);
  }

  /** What was heard twice, or after its call was over. */
  #hearStray(word: string): void {
    if (OUTCOMES.has(word)) this.#doubled += 1;
  }

  #record({ dueAt, phase, phaseAt }: Run, leg: string): void {
    if (dueAt < this.#measuredFrom) return;
    const { afterMs = 0 } = this.#phases[phase] as Phase;
    const took = performance.now() - phaseAt - afterMs;
    (this.#legs[leg] as Histogram).record(took);
    this.#late.count(leg, took);
  }

  #nextPhase(pair: Pair, run: Run): void {
    const { says } = this.#phases[run.phase] as Phase;
    run.phase += 1;
    run.phaseAt = performance.now();
    run.waitsFor = this.#waitsFor[run.phase] ?? 0;
    if (says !== undefined && run.callId !== null) pair[says.side].send(this.#options.wire.say(says.verb, run.callId));
    if (run.phase === this.#phases.length) this.#finish(pair);
  }

  #finish(pair: Pair): void {
    this.#done += 1;
    if (this.#inWindow) this.#doneInWindow += 1;
    this.#release(pair);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#free.push(pair);
    else this.#place(pair, waiting);
  }

  #release(pair: Pair): void {
    pair.run = null;
    this.#busy.delete(pair);
  }

  /** The pair is not used again: what became of its call only the database knows. */
  #fail(pair: Pair, code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
    if (pair.run === null) return;
    this.#lost += 1;
    this.#release(pair);
  }

  #giveUpLate(): void {
    const patience = PATIENCE_MS + (this.#options.script.ringSeconds ?? 0) * 1000;
    const now = performance.now();
    for (const pair of this.#busy) {
      if (pair.run !== null && now - pair.run.dueAt > patience) this.#fail(pair, 'no outcome');
    }
    const given = this.#waiting.findIndex((dueAt) => now - dueAt <= patience);
    const late = given === -1 ? this.#waiting.length : given;
    this.#waiting = this.#waiting.slice(late);
    this.#lost += late;
  }

  async #finished(): Promise<void> {
    while (this.#busy.size > 0 || this.#waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // What would come twice comes about now.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Resolves when every call that was due has ended, or was given up. */
export const runCallLoad = (options: CallLoadOptions): Promise<CallLoadResult> => new CallLoad(options).run();
