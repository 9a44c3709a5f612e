import { setTimeout as pause } from 'node:timers/promises';
import { mintToken } from '@trunkline/testing';
import type { Dice } from '../dice.ts';
import { Device, type Door, type Ears, type Told } from './device.ts';
import { PLAYS, type PlayName, pickPlay } from './plays.ts';
import type { Revocation } from './revocations.ts';
import { Story } from './story.ts';
import { WIRES } from './wire.ts';

export interface CrowdOptions {
  gateways: readonly Door[];
  pairs: number;
  /** Begins every id, so that two crowds share nothing. */
  name: string;
  dice: Dice;
}

interface Pair {
  readonly caller: Device;
  readonly callees: readonly Device[];
}

/** A device had no connection from then until then; epoch milliseconds. */
export interface Absence {
  device: Device;
  lostAt: number;
  backAt: number;
}

const TOKEN_SECONDS = 6 * 3600;
const READY_WITHIN_MS = 30_000;
/** How long people wait to be told, before they make the next call. */
const SETTLE_WITHIN_MS = 15_000;
const ASK_AGAIN_SHARE = 0.1;

/** People with their devices, who call each other and remember everything. */
export class Crowd implements Ears, Disposable {
  readonly stories = new Map<string, Story>();
  readonly absences: Absence[] = [];
  readonly revocations: Revocation[] = [];
  /** How long each question took that was answered, and when that was; epoch milliseconds. */
  readonly answers: { at: number; afterMs: number }[] = [];
  /** Rings of calls that nobody here placed. */
  readonly strays: { device: Device; told: Told; at: number }[] = [];
  /** Arrivals for which nobody was free. */
  turnedAway = 0;
  readonly #options: CrowdOptions;
  readonly #free: Pair[] = [];
  readonly #devices: Device[] = [];
  readonly #current = new Map<Device, Story>();
  readonly #running = new Set<Promise<unknown>>();
  #calls = 0;

  private constructor(options: CrowdOptions) {
    this.#options = options;
  }

  static async gather(options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(options);
    for (let index = 0; index < options.pairs; index += 1) await crowd.#addPair(index);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!crowd.#devices.every(({ isReady }) => isReady)) {
      if (Date.now() > deadline) throw new Error('not everybody could connect');
      await pause(20);
    }
    return crowd;
  }

  get devices(): readonly Device[] {
    return this.#devices;
  }

  get callsUnderWay(): number {
    return this.#running.size;
  }

  /** Somebody who is free calls somebody, and what happens then is theirs. */
  callSomebody(): void {
    const { dice } = this.#options;
    const play = pickPlay(dice);
    const fork = dice.fork(this.#calls);
    const pair = this.#free.shift();
    if (pair === undefined) {
      this.turnedAway += 1;
      return;
    }
    const running: Promise<unknown> = this.#play(play, pair, fork).finally(() => {
      this.#running.delete(running);
      this.#free.push(pair);
    });
    this.#running.add(running);
  }

  /** Plays one call with a pair of its own choice; resolves when it is over. */
  async call(play: PlayName): Promise<Story> {
    const pair = await this.#someFreePair();
    try {
      return await this.#play(play, pair, this.#options.dice.fork(this.#calls));
    } finally {
      this.#free.push(pair);
    }
  }

  /** Takes a pair out of the load, for as long as `use` runs. */
  async withPair<Result>(
    use: (pair: { caller: Device; callees: readonly Device[] }, begin: () => Story) => Promise<Result>,
  ): Promise<Result> {
    const pair = await this.#someFreePair();
    try {
      return await use(pair, () => this.#begin('custom', pair));
    } finally {
      this.#free.push(pair);
    }
  }

  /** Resolves when no call is under way any more, or when the time is up. */
  async idle(milliseconds: number): Promise<void> {
    const isIdle = (async () => {
      while (this.#running.size > 0) await Promise.race(this.#running);
    })();
    const patience = new AbortController();
    await Promise.race([isIdle, pause(milliseconds, undefined, { signal: patience.signal })]);
    patience.abort();
  }

  told(device: Device, told: Told): void {
    const story = this.stories.get(told.callId);
    if (story === undefined) this.strays.push({ device, told, at: Date.now() });
    else story.hear(device, told);
  }

  answered(afterMs: number): void {
    this.answers.push({ at: Date.now(), afterMs });
  }

  lost(device: Device, why: string): void {
    this.#current.get(device)?.interrupt(device, why);
  }

  back(device: Device, afterMs: number): void {
    const backAt = Date.now();
    this.absences.push({ device, lostAt: backAt - afterMs, backAt });
    this.#current.get(device)?.comeBack(device);
  }

  [Symbol.dispose](): void {
    for (const device of this.#devices) device.end();
  }

  async #someFreePair(): Promise<Pair> {
    for (;;) {
      const pair = this.#free.shift();
      if (pair !== undefined) return pair;
      await pause(20);
    }
  }

  #begin(play: string, { caller, callees }: Pair): Story {
    this.#calls += 1;
    const story = new Story(`${this.#options.name}-${this.#calls}`, play, caller, callees);
    this.stories.set(story.callId, story);
    for (const device of story.devices) this.#current.set(device, story);
    return story;
  }

  async #play(name: PlayName, pair: Pair, dice: Dice): Promise<Story> {
    const story = this.#begin(name, pair);
    await PLAYS[name](story, dice);
    const [answered] = dice.shuffled(story.answers.filter(({ answer }) => answer !== null));
    if (answered !== undefined && dice.chance(ASK_AGAIN_SHARE)) await story.askAgain(answered);
    const concerned = story.devices.filter((device) => device === story.caller || story.wasRung(device));
    await story.until(() => concerned.every((device) => story.knowsTheEnd(device)), SETTLE_WITHIN_MS);
    return story;
  }

  async #addPair(index: number): Promise<void> {
    const { name, gateways, dice } = this.#options;
    const add = async (userId: string, deviceId: string, firstGateway: number): Promise<Device> => {
      const token = await mintToken(userId, { deviceId, ttlSeconds: TOKEN_SECONDS });
      const device = new Device({ userId, deviceId, token, wire: dice.pick(WIRES), gateways, firstGateway, ears: this });
      this.#devices.push(device);
      return device;
    };
    const [callerId, calleeId] = [`${name}-caller-${index}`, `${name}-callee-${index}`];
    const caller = await add(callerId, 'phone', index);
    const callees = [await add(calleeId, 'phone', index + 1), await add(calleeId, 'tablet', index)];
    this.#free.push({ caller, callees });
  }
}
