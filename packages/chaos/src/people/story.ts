import { FINAL_STATES } from '../judge/state-after.ts';
import type { Asked, Device, Told } from './device.ts';
import type { Answer, Ask, Verb, Word } from './wire.ts';

export interface Heard extends Omit<Told, 'kind' | 'callId'> {
  device: Device;
  connection: number;
  /** Epoch milliseconds. */
  at: number;
}

export interface Answered extends Asked {
  device: Device;
  at: number;
  /** What the same question was answered when it was asked once more; absent where it was not. */
  again?: Answer | null;
}

interface Line {
  at: number;
  text: string;
}

const STOPS: ReadonlySet<Word> = new Set(['rejected', 'cancelled', 'timed_out', 'ended']);
export const isStop = (word: Word): boolean => STOPS.has(word);

const worded = (answer: Answer | null): string => {
  if (answer === null) return 'no answer';
  return answer.ok ? `ok ${answer.status}` : `refused ${answer.code} ${answer.status ?? ''}`.trimEnd();
};

/** What the people of one call did and were told, as they saw it. */
export class Story {
  readonly callId: string;
  readonly play: string;
  readonly caller: Device;
  readonly callees: readonly Device[];
  readonly begunAt = Date.now();
  readonly heard: Heard[] = [];
  readonly answers: Answered[] = [];
  /** Whose connection broke since the call was begun. */
  readonly interrupted = new Set<Device>();
  readonly #lines: Line[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(callId: string, play: string, caller: Device, callees: readonly Device[]) {
    this.callId = callId;
    this.play = play;
    this.caller = caller;
    this.callees = callees;
  }

  get devices(): readonly Device[] {
    return [this.caller, ...this.callees];
  }

  hear(device: Device, { word, reason, expiresAt }: Told): void {
    this.heard.push({ device, connection: device.connection, at: Date.now(), word, reason, expiresAt });
    this.#note(`${device.name} was told ${word}${reason === null ? '' : ` (${reason})`}`);
    this.#look();
  }

  /** `why`: what the connection was closed with. */
  interrupt(device: Device, why: string): void {
    this.interrupted.add(device);
    this.#note(`${device.name} lost its connection: ${why}`);
  }

  comeBack(device: Device): void {
    this.#note(`${device.name} is connected again`);
  }

  async ask(device: Device, verb: Verb, place?: Pick<Ask, 'calleeId' | 'ringSeconds'>): Promise<Answered> {
    this.#note(`${device.name} asks to ${verb}`);
    const answered: Answered = { device, ...(await device.ask(verb, this.callId, place)), at: Date.now() };
    this.answers.push(answered);
    this.#note(`${device.name} is answered: ${worded(answered.answer)}`);
    this.#look();
    return answered;
  }

  unanswered(): readonly Answered[] {
    return this.answers.filter(({ answer }) => answer === null);
  }

  /** Sends a question that was given up once more; its answer counts as the first. */
  async askLater(answered: Answered): Promise<void> {
    answered.answer = await answered.device.repeat(answered.ask);
    answered.at = Date.now();
    this.#note(`${answered.device.name} asks to ${answered.ask.verb} once more, and is answered: ${worded(answered.answer)}`);
    this.#look();
  }

  async askAgain(answered: Answered): Promise<void> {
    answered.again = await answered.device.repeat(answered.ask);
    this.#note(`${answered.device.name} asks the same ${answered.ask.verb} again: ${worded(answered.again)}`);
  }

  wasTold(device: Device, word: Word): boolean {
    return this.heard.some((heard) => heard.device === device && heard.word === word);
  }

  wasRung(device: Device): boolean {
    return this.wasTold(device, 'incoming');
  }

  /** It was told that its ring or its call is over, or did that itself, or was refused with the state that won. */
  knowsTheEnd(device: Device): boolean {
    const stops = this.heard.some((heard) => heard.device === device && isStop(heard.word));
    return stops || this.answers.some((answered) => answered.device === device && endsFor(answered));
  }

  /** Whether the condition came to hold within the time. */
  until(condition: () => boolean, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (held: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(held);
      };
      const look = (): void => {
        if (condition()) settle(true);
      };
      const timer = setTimeout(() => settle(false), milliseconds);
      this.#waiting.add(look);
      look();
    });
  }

  /** As it can be shown to people, with the milliseconds since it began. */
  lines(more: readonly Line[] = []): string[] {
    return [...this.#lines, ...more]
      .sort((a, b) => a.at - b.at)
      .map(({ at, text }) => `${String(at - this.begunAt).padStart(7)} ms  ${text}`);
  }

  #note(text: string): void {
    this.#lines.push({ at: Date.now(), text });
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}

const endsFor = ({ answer }: Answered): boolean => answer !== null && answer.status !== null && FINAL_STATES.has(answer.status);
